// SPDX-License-Identifier: MIT
//
// Filters of sockets: attaching, and running them on a packet. Options:
// SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_LOCK_FILTER, SO_GET_FILTER, socket(7).

#include <abi/errno.h>
#include <lib/hart.h>
#include <lib/random.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <net/filter.h>
#include <net/filter_payload.h>
#include <net/option.h>
#include <net/socket.h>
#include <string.h>

// Held by the socket, and by whoever runs it on a packet.
struct socket_filter {
    uint32_t refs;                     // (a)
    uint16_t length;                   // (i) instructions
    struct abi_sock_filter program[];  // (i) verified
};

static void filter_put(struct socket_filter *filter)
{
    if (filter && __atomic_sub_fetch(&filter->refs, 1, __ATOMIC_ACQ_REL) == 0)
        kfree(filter);
}

static struct socket_filter *filter_of(struct socket *socket)
{
    struct socket_filter *filter;

    WITH_LOCK(&socket->lock) {
        filter = socket->filter;
        if (filter)
            __atomic_fetch_add(&filter->refs, 1, __ATOMIC_RELAXED);
    }
    return filter;
}

void filter_release(struct socket *socket)
{
    filter_put(socket->filter);
    socket->filter = NULL;
}

// ---- running ----

static size_t total_length(const struct filter_packet *packet)
{
    return packet->front_length + (packet->data ? packet->data->tot_len : 0);
}

size_t filter_packet_length(const struct filter_packet *packet)
{
    return total_length(packet) - packet->origin;
}

bool filter_packet_copy(const struct filter_packet *packet, size_t at, void *to,
                        size_t n)
{
    size_t total = total_length(packet);

    if (at > total || total - at < n)
        return false;
    if (at < packet->front_length) {
        size_t part = MIN(n, packet->front_length - at);

        memcpy(to, (const uint8_t *)packet->front + at, part);
        at += part;
        to = (uint8_t *)to + part;
        n -= part;
    }
    return n == 0 || pbuf_copy_partial(packet->data, to, n,
                                       at - packet->front_length) == n;
}

static bool load(const struct bpf_packet *bpf, uint32_t offset, void *to,
                 size_t n)
{
    const struct filter_packet *packet =
        container_of(bpf, struct filter_packet, bpf);
    size_t base = packet->origin;

    if (offset >= SKF_NET_OFF) {
        base = packet->network;
        offset -= SKF_NET_OFF;
    } else if (offset >= SKF_LL_OFF) {
        base = packet->link;
        offset -= SKF_LL_OFF;
    }
    return base != FILTER_NOWHERE &&
           filter_packet_copy(packet, base + offset, to, n);
}

// What this machine does not have (marks, receive queues, tags taken out of
// frames) is 0, as for a packet without.
uint32_t filter_know_machine(uint32_t what)
{
    switch (what) {
    case SKF_AD_CPU:
        return this_hart()->id;
    case SKF_AD_RANDOM:
        return random_u32();
    default:
        return 0;
    }
}

static uint32_t know(const struct bpf_packet *bpf, uint32_t what)
{
    const struct filter_packet *packet =
        container_of(bpf, struct filter_packet, bpf);

    switch (what) {
    case SKF_AD_PROTOCOL:
        return packet->protocol;
    case SKF_AD_PKTTYPE:
        return packet->type;
    case SKF_AD_IFINDEX:
        return packet->interface;
    case SKF_AD_HATYPE:
        return packet->hardware;
    case SKF_AD_PAY_OFFSET:
        return filter_payload_offset(packet);
    default:
        return filter_know_machine(what);
    }
}

uint32_t filter_run_program(struct socket *socket,
                            const struct bpf_packet *packet)
{
    if (!READ_ONCE(socket->filter))
        return UINT32_MAX;
    struct socket_filter *filter = filter_of(socket);
    if (!filter)
        return UINT32_MAX;
    uint32_t keep = bpf_run(filter->program, packet);
    filter_put(filter);
    return keep;
}

size_t filter_run(struct socket *socket, struct filter_packet *packet)
{
    size_t length = filter_packet_length(packet);

    packet->bpf =
        (struct bpf_packet){.length = length, .load = load, .know = know};
    return MIN(length, (size_t)filter_run_program(socket, &packet->bpf));
}

// ---- options ----

// Put another filter, or none, into the socket's place for it; takes it. 0,
// -EPERM (locked), -ENOENT (there was none to remove).
static int replace(struct socket *socket, struct socket_filter *filter)
{
    struct socket_filter *old = filter;
    int error = 0;

    WITH_LOCK(&socket->lock) {
        if (socket->filter_locked) {
            error = -EPERM;
        } else if (!filter && !socket->filter) {
            error = -ENOENT;
        } else {
            old = socket->filter;
            WRITE_ONCE(socket->filter, filter);
        }
    }
    filter_put(old);
    return error;
}

// A filter from the user's program.
static int create(const struct abi_sock_fprog *program,
                  struct socket_filter **result)
{
    size_t size = program->length * sizeof(struct abi_sock_filter);

    if (program->length == 0 || program->length > BPF_MAXINSNS ||
        program->filter == 0)
        return -EINVAL;
    struct socket_filter *filter = kmalloc(sizeof(*filter) + size);
    if (!filter)
        return -ENOMEM;
    filter->refs = 1;
    filter->length = program->length;
    int error = copy_from_user(filter->program, program->filter, size);
    if (error == 0)
        error = bpf_verify(filter->program, filter->length);
    if (error < 0)
        kfree(filter);
    *result = filter;
    return error;
}

static int attach(struct socket *socket, const void *value, size_t length)
{
    struct socket_filter *filter;
    struct abi_sock_fprog program;

    if (!socket->ops->filters)
        return -ENOPROTOOPT;
    if (length != sizeof(program))
        return -EINVAL;
    if (READ_ONCE(socket->filter_locked))
        return -EPERM;
    memcpy(&program, value, sizeof(program));
    int error = create(&program, &filter);
    return error < 0 ? error : replace(socket, filter);
}

// The one option whose length counts instructions, not bytes.
static int get_program(struct socket *socket, uaddr value, uaddr user_length)
{
    struct socket_filter *filter = filter_of(socket);
    int32_t room, length = filter ? filter->length : 0;
    int error = GET_USER(&room, user_length);

    if (error == 0 && room > 0 && room < length)
        error = -EINVAL;
    else if (error == 0 && room > 0)
        error = copy_to_user(value, filter ? filter->program : NULL,
                             length * sizeof(struct abi_sock_filter));
    if (error == 0)
        error = PUT_USER(user_length, length);
    filter_put(filter);
    return error;
}
SOCKET_OPTION(attach_filter) = {
    .level = SOL_SOCKET,
    .name = SO_ATTACH_FILTER,
    .size = sizeof(int),
    .max_size = sizeof(struct abi_sock_fprog) + 1,  // to see a longer one
    .set_bytes = attach,
    .get_user = get_program,
};

static int detach(struct socket *socket, const union option_value *unused)
{
    (void)unused;
    return socket->ops->filters ? replace(socket, NULL) : -ENOPROTOOPT;
}
SOCKET_OPTION(detach_filter) = {
    .level = SOL_SOCKET,
    .name = SO_DETACH_FILTER,
    .size = sizeof(int),
    .set = detach,
};

static int get_lock(struct socket *socket, union option_value *value)
{
    value->integer = READ_ONCE(socket->filter_locked);
    return 0;
}

// A lock is for good.
static int set_lock(struct socket *socket, const union option_value *value)
{
    if (!socket->ops->filters)
        return -ENOPROTOOPT;
    WITH_LOCK(&socket->lock) {
        if (socket->filter_locked && !value->integer)
            return -EPERM;
        socket->filter_locked = value->integer != 0;
    }
    return 0;
}
SOCKET_OPTION(lock_filter) = {
    .level = SOL_SOCKET,
    .name = SO_LOCK_FILTER,
    .size = sizeof(int),
    .get = get_lock,
    .set = set_lock,
};
