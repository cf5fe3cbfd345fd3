// SPDX-License-Identifier: MIT
//
// Local ports: who uses them, and by Linux's rules who else may. Two bindings
// of a port are in each other's way if their addresses overlap, unless both
// said SO_REUSEADDR and neither listens. A connection keeps its binding until
// its PCB is gone, so TIME_WAIT counts. Ephemeral ports are random (RFC 6056).

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

static bool overlap(const struct port_binding *binding, int protocol,
                    const struct endpoint *local)
{
    return binding->protocol == protocol &&
           binding->local.port == local->port &&
           addresses_overlap(&binding->local.ip, &local->ip);
}

static bool port_taken(int protocol, const struct endpoint *local, bool reuse)
{
    struct port_binding *other;

    list_for_each(other, bucket_of(local->port), node) {
        if (overlap(other, protocol, local) &&
            (!reuse || !other->reuse || other->listening))
            return true;
    }
    return false;
}

// A port of the range at which nobody is, from a random place on. 0: none.
static uint16_t pick_port(int protocol, struct endpoint local, uint16_t avoid)
{
    unsigned count = range_last - range_first + 1;
    unsigned start = random_below(count);

    for (unsigned i = 0; i < count; i++) {
        local.port = range_first + (start + i) % count;
        if (local.port != avoid && !port_taken(protocol, &local, false))
            return local.port;
    }
    return 0;
}

static struct port_binding *binding_create(const struct port_binding *like)
{
    struct port_binding *binding = kzalloc(sizeof(*binding));

    if (!binding)
        return NULL;
    binding->refs = 1;
    binding->protocol = like->protocol;
    binding->family = like->family;
    binding->local = like->local;
    binding->reuse = like->reuse;
    list_push_back(bucket_of(like->local.port), &binding->node);
    return binding;
}

int port_bind(const struct socket *socket, const struct endpoint *local,
              uint16_t avoid, struct port_binding **result)
{
    struct port_binding wanted = {.protocol = socket->protocol,
                                  .family = socket->family,
                                  .local = *local,
                                  .reuse = socket->options.reuse_address};

    assert_debug(net_locked());
    if (local->port == 0)
        wanted.local.port = pick_port(wanted.protocol, *local, avoid);
    else if (port_taken(wanted.protocol, local, wanted.reuse))
        wanted.local.port = 0;
    if (wanted.local.port == 0)
        return -EADDRINUSE;
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
        if (other != binding && other->listening &&
            overlap(other, binding->protocol, &binding->local))
            return -EADDRINUSE;
    }
    binding->listening = true;
    return 0;
}

bool port_is_shared(const struct port_binding *binding)
{
    struct port_binding *other;

    list_for_each(other, bucket_of(binding->local.port), node) {
        if (other != binding &&
            overlap(other, binding->protocol, &binding->local))
            return true;
    }
    return false;
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
