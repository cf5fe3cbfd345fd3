// SPDX-License-Identifier: MIT
//
// The registry of network interfaces: drivers add them as they find or make
// devices, the network server takes them over.

#include <drivers/net_interface.h>

#include <abi/errno.h>
#include <stdio.h>

static struct mutex lock = MUTEX_INIT(lock, RANK_LEAF_MUTEX);
static struct list_node interfaces = LIST_INIT(interfaces);  // (lock)
static unsigned next_index;                                  // (lock)
static const struct net_device_listener *listener;           // (lock)

static struct net_interface *find(unsigned index)
{
    struct net_interface *interface;

    list_for_each(interface, &interfaces, node) {
        if (interface->index == index)
            return interface;
    }
    return NULL;
}

// The next index that is free, in a circle. 0 or -ENFILE.
static int take_index(struct net_interface *interface)
{
    for (unsigned tried = 0; tried <= NET_INDEX_MAX; tried++) {
        unsigned index = next_index;

        next_index = (next_index + 1) % (NET_INDEX_MAX + 1);
        if (!find(index)) {
            interface->index = index;
            return 0;
        }
    }
    return -ENFILE;
}

static void take_out(struct net_interface *interface)
{
    WITH_MUTEX(&lock) {
        list_remove(&interface->node);
    }
}

int net_device_register(struct net_interface *interface)
{
    const struct net_device_listener *told = NULL;
    int error = 0;

    WITH_MUTEX(&lock) {
        error = take_index(interface);
        if (error < 0)
            return error;
        if (!interface->name[0])
            snprintf(interface->name, sizeof(interface->name), "eth%u",
                     interface->index);
        list_push_back(&interfaces, &interface->node);
        told = listener;
    }
    if (told)
        error = told->attach(interface);
    if (error < 0)
        take_out(interface);
    return error;
}

void net_device_unregister(struct net_interface *interface)
{
    if (listener)
        listener->detach(interface);
    take_out(interface);
}

struct net_interface *get_net_device(unsigned index)
{
    struct net_interface *interface = NULL;

    WITH_MUTEX(&lock) {
        interface = find(index);
    }
    return interface;
}

void net_device_for_each(void (*function)(struct net_interface *interface,
                                          void *argument),
                         void *argument)
{
    struct net_interface *interface;

    WITH_MUTEX(&lock) {
        list_for_each(interface, &interfaces, node)
            function(interface, argument);
    }
}

void net_device_listen(const struct net_device_listener *who)
{
    WITH_MUTEX(&lock) {
        listener = who;
    }
}
