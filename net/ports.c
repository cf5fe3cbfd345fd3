// SPDX-License-Identifier: MIT
//
// Local ports: who uses them, and by Linux's rules who else may. Two bindings
// of a port are in each other's way if their addresses overlap, unless both
// said SO_REUSEADDR and neither listens, or both said SO_REUSEPORT and belong
// to one user, or each is for another interface (SO_BINDTODEVICE). A connection
// keeps its binding until its PCB is gone, so TIME_WAIT counts. Ephemeral ports
// are random (RFC 6056).

#include <abi/errno.h>
#include <fs/proc.h>
#include <lib/log.h>
#include <lib/random.h>
#include <mm/kmalloc.h>
#include <net/ports.h>
#include <net/server.h>
#include <stdio.h>

#define BUCKETS 1024

static struct list_node table[BUCKETS];  // (c) by port

// net.ipv4.ip_local_port_range
static unsigned range_first = 32768, range_last = 60999;

static struct list_node *bucket_of(uint16_t port)
{
    struct list_node *bucket = &table[port % BUCKETS];

    if (!bucket->next)
        list_init(bucket);
    return bucket;
}

// Is there a packet that is for both? An address of any type of packet is the
// :: of a socket that serves both protocols.
static bool addresses_overlap(const ip_addr_t *one, const ip_addr_t *other)
{
    if (IP_IS_ANY_TYPE_VAL(*one) || IP_IS_ANY_TYPE_VAL(*other))
        return true;
    if (IP_GET_TYPE(one) != IP_GET_TYPE(other))
        return false;
    return ip_addr_isany(one) || ip_addr_isany(other) || ip_addr_eq(one, other);
}

// Are the two about the same packets?
static bool overlap(const struct port_binding *a, const struct port_binding *b)
{
    return a != b && a->protocol == b->protocol &&
           a->local.port == b->local.port &&
           (!a->device || !b->device || a->device == b->device) &&
           addresses_overlap(&a->local.ip, &b->local.ip);
}

static bool are_a_group(const struct port_binding *a,
                        const struct port_binding *b)
{
    return a->reuse_port && b->reuse_port && a->uid == b->uid;
}

static bool taken(const struct port_binding *wanted)
{
    struct port_binding *other;

    list_for_each(other, bucket_of(wanted->local.port), node) {
        if (overlap(other, wanted) &&
            (!wanted->reuse || !other->reuse || other->listening) &&
            !are_a_group(wanted, other))
            return true;
    }
    return false;
}

static bool used_by_anyone(const struct port_binding *wanted)
{
    struct port_binding *other;

    list_for_each(other, bucket_of(wanted->local.port), node) {
        if (overlap(other, wanted))
            return true;
    }
    return false;
}

// A port of the range at which nobody is, from a random place on. 0: none.
static uint16_t pick_port(struct port_binding *wanted,
                          const struct ip_settings *ip, uint16_t avoid)
{
    unsigned first = range_first, last = range_last;

    // IP_LOCAL_PORT_RANGE: bounds within the system's.
    if (ip->port_first >= first && ip->port_first <= last)
        first = ip->port_first;
    if (ip->port_last >= first && ip->port_last <= last)
        last = ip->port_last;
    unsigned count = last - first + 1, start = random_below(count);
    for (unsigned i = 0; i < count; i++) {
        wanted->local.port = first + (start + i) % count;
        if (wanted->local.port != avoid && !used_by_anyone(wanted))
            return wanted->local.port;
    }
    return 0;
}

static struct port_binding *binding_create(const struct port_binding *like)
{
    struct port_binding *binding = kmalloc(sizeof(*binding));

    if (!binding)
        return NULL;
    *binding = *like;
    binding->refs = 1;
    binding->listening = false;
    list_push_back(bucket_of(binding->local.port), &binding->node);
    return binding;
}

int port_bind(const struct socket *socket, const struct endpoint *local,
              uint16_t avoid, struct port_binding **result)
{
    const struct socket_settings *options = &socket->options;
    struct port_binding wanted = {.protocol = socket->protocol,
                                  .family = socket->family,
                                  .local = *local,
                                  .uid = socket->uid,
                                  .device = options->device,
                                  .reuse = options->reuse_address,
                                  .reuse_port = options->reuse_port};

    assert_debug(net_locked());
    if (local->port == 0) {
        if (!pick_port(&wanted, &options->ip, avoid))
            return -EADDRINUSE;
    } else if (taken(&wanted)) {
        return -EADDRINUSE;
    }
    *result = binding_create(&wanted);
    return *result ? 0 : -ENOMEM;
}

struct port_binding *port_clone(const struct port_binding *binding)
{
    return binding_create(binding);
}

int port_listen(struct port_binding *binding)
{
    struct port_binding *other;

    list_for_each(other, bucket_of(binding->local.port), node) {
        if (other->listening && overlap(other, binding) &&
            !are_a_group(other, binding))
            return -EADDRINUSE;
    }
    binding->listening = true;
    return 0;
}

bool port_is_shared(const struct port_binding *binding)
{
    return used_by_anyone(binding);
}

void port_get(struct port_binding *binding)
{
    binding->refs++;
}

void port_put(struct port_binding *binding)
{
    assert_debug(net_locked());
    if (binding && --binding->refs == 0) {
        list_remove(&binding->node);
        kfree(binding);
    }
}

static void show_range(struct text *text)
{
    text_printf(text, "%u\t%u\n", range_first, range_last);
}

static int store_range(const char *value)
{
    unsigned first, last;

    if (sscanf(value, "%u %u", &first, &last) != 2 || first < 1 ||
        last > 65535 || first > last)
        return -EINVAL;
    net_lock();
    range_first = first;
    range_last = last;
    net_unlock();
    return 0;
}
PROC_FILE(local_port_range) = {"sys/net/ipv4/ip_local_port_range", show_range,
                               store_range};
