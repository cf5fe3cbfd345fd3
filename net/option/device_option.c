// SPDX-License-Identifier: MIT
//
// SO_BINDTODEVICE and SO_BINDTOIFINDEX, socket(7): the one interface by which a
// socket sends and receives. Once it is chosen, only root may choose again.

#include <abi/errno.h>
#include <net/option.h>
#include <net/server.h>
#include <net/socket.h>
#include <proc/task.h>
#include <string.h>

#define NAME_SIZE sizeof(((struct net_interface *)0)->name)

static int choose(struct socket *socket, uint32_t index)
{
    if (READ_ONCE(socket->options.device) && current_process()->euid != 0)
        return -EPERM;
    WRITE_ONCE(socket->options.device, index);
    socket_apply(socket);
    return 0;
}

static int get_name(struct socket *socket, void *value, size_t *length)
{
    uint32_t index = READ_ONCE(socket->options.device);

    if (index == 0) {
        *length = 0;
        return 0;
    }
    if (*length < NAME_SIZE)
        return -EINVAL;
    net_lock();
    struct net_link *link = link_by_index(index);
    if (link)
        memcpy(value, link->interface->name, NAME_SIZE);
    net_unlock();
    *length = strnlen(value, NAME_SIZE - 1) + 1;
    return link ? 0 : -ENODEV;
}

// A name, terminated or not; an empty one takes the choice back.
static int set_name(struct socket *socket, const void *value, size_t length)
{
    char name[NAME_SIZE] = {0};
    uint32_t index = 0;

    memcpy(name, value, MIN(length, NAME_SIZE - 1));
    if (name[0]) {
        net_lock();
        struct net_link *link = link_by_name(name);
        if (link)
            index = link_index(link);
        net_unlock();
        if (index == 0)
            return -ENODEV;
    }
    return choose(socket, index);
}
SOCKET_OPTION(bind_to_device) = {.level = SOL_SOCKET,
                                 .name = SO_BINDTODEVICE,
                                 .max_size = NAME_SIZE,
                                 .get_bytes = get_name,
                                 .set_bytes = set_name};

static int get_index(struct socket *socket, union option_value *value)
{
    value->integer = READ_ONCE(socket->options.device);
    return 0;
}

// Whether there is such an interface shows when it is used.
static int set_index(struct socket *socket, const union option_value *value)
{
    return value->integer < 0 ? -EINVAL : choose(socket, value->integer);
}
INTEGER_OPTION(bind_to_index, SOL_SOCKET, SO_BINDTOIFINDEX, 0, 0, get_index,
               set_index);
