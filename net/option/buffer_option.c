// SPDX-License-Identifier: MIT
//
// SOL_SOCKET's rows about memory and how much data is worth a wake-up,
// socket(7). Buffer sizes are doubled and bounded, as Linux keeps them.

#include <abi/errno.h>
#include <net/option.h>
#include <net/socket.h>
#include <net/sysctl.h>
#include <proc/task.h>

#define RECEIVE_BUFFER_MIN 2304
#define SEND_BUFFER_MIN    4608

#define SOCKET_INTEGER(row, name, getter, setter) \
    INTEGER_OPTION(row, SOL_SOCKET, name, 0, 0, getter, setter)

static int buffer_size(int64_t wanted, int least)
{
    return MIN(MAX(wanted * 2, least), INT32_MAX & ~1);
}

// What SO_RCVBUF and SO_SNDBUF may ask for; a negative number is a large one.
static int64_t bounded(int wanted, int64_t limit)
{
    return MIN((int64_t)(uint32_t)wanted, limit);
}

static int get_receive_buffer(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.receive_buffer;
    return 0;
}

static int set_receive_buffer(struct socket *socket,
                              const union option_value *value)
{
    WRITE_ONCE(socket->options.receive_buffer,
               buffer_size(bounded(value->integer, sysctl_rmem_max),
                           RECEIVE_BUFFER_MIN));
    return 0;
}
SOCKET_INTEGER(receive_buffer, SO_RCVBUF, get_receive_buffer,
               set_receive_buffer);

static int force_receive_buffer(struct socket *socket,
                                const union option_value *value)
{
    if (current_process()->euid != 0)
        return -EPERM;
    WRITE_ONCE(socket->options.receive_buffer,
               buffer_size(MAX(value->integer, 0), RECEIVE_BUFFER_MIN));
    return 0;
}
SOCKET_INTEGER(force_receive_buffer, SO_RCVBUFFORCE, NULL,
               force_receive_buffer);

static int get_send_buffer(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.send_buffer;
    return 0;
}

static void change_send_buffer(struct socket *socket, int64_t size)
{
    WRITE_ONCE(socket->options.send_buffer, buffer_size(size, SEND_BUFFER_MIN));
    wake_up_all(&socket->wait);
}

static int set_send_buffer(struct socket *socket,
                           const union option_value *value)
{
    change_send_buffer(socket, bounded(value->integer, sysctl_wmem_max));
    return 0;
}
SOCKET_INTEGER(send_buffer, SO_SNDBUF, get_send_buffer, set_send_buffer);

static int force_send_buffer(struct socket *socket,
                             const union option_value *value)
{
    if (current_process()->euid != 0)
        return -EPERM;
    change_send_buffer(socket, MAX(value->integer, 0));
    return 0;
}
SOCKET_INTEGER(force_send_buffer, SO_SNDBUFFORCE, NULL, force_send_buffer);

// ---- low-water marks ----

static int get_receive_low(struct socket *socket, union option_value *value)
{
    value->integer = socket_receive_low(socket);
    return 0;
}

static int set_receive_low(struct socket *socket,
                           const union option_value *value)
{
    int low = value->integer < 0 ? INT32_MAX : value->integer;

    WRITE_ONCE(socket->options.receive_low, low);
    wake_up_all(&socket->wait);  // a smaller one may be met already
    return 0;
}
SOCKET_INTEGER(receive_low, SO_RCVLOWAT, get_receive_low, set_receive_low);

// Not to be changed, on Linux as here.
static int get_send_low(struct socket *socket, union option_value *value)
{
    (void)socket;
    value->integer = 1;
    return 0;
}
SOCKET_INTEGER(send_low, SO_SNDLOWAT, get_send_low, NULL);

// ---- SO_MEMINFO ----

// In the order of SK_MEMINFO_*. What no counter is kept of is 0.
static int get_memory(struct socket *socket, void *value, size_t *length)
{
    uint32_t *numbers = value;

    WITH_LOCK(&socket->lock) {
        numbers[0] = socket->receive_memory;
        numbers[1] = socket->options.receive_buffer;
        numbers[3] = socket->options.send_buffer;
        numbers[8] = socket->drops;
    }
    *length = SO_MEMINFO_NUMBERS * sizeof(uint32_t);
    return 0;
}
SOCKET_OPTION(memory) = {.level = SOL_SOCKET,
                         .name = SO_MEMINFO,
                         .max_size = SO_MEMINFO_NUMBERS * sizeof(uint32_t),
                         .get_bytes = get_memory};
