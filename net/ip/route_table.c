// SPDX-License-Identifier: MIT
//
// The routing table: see net/route_table.h. A list that is searched from one
// end to the other; tens of routes are many for a machine that forwards
// nothing.

#include <abi/errno.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <net/address.h>
#include <net/observer.h>
#include <net/route_table.h>
#include <net/server.h>

struct list_node route_table = LIST_INIT(route_table);

static int compare_addresses(const ip_addr_t *a, const ip_addr_t *b)
{
    uint32_t x = lwip_ntohl(ip_2_ip4(a)->addr);
    uint32_t y = lwip_ntohl(ip_2_ip4(b)->addr);

    return x < y ? -1 : x > y;
}

// The order in which routes are shown: by table, by destination, the longest
// prefix first, then by metric.
static int compare(const struct route *a, const struct route *b)
{
    int order = a->table < b->table ? -1 : a->table > b->table;

    if (order == 0)
        order = compare_addresses(&a->to, &b->to);
    if (order == 0 && a->prefix != b->prefix)
        order = a->prefix > b->prefix ? -1 : 1;
    if (order == 0 && a->metric != b->metric)
        order = a->metric < b->metric ? -1 : 1;
    return order;
}

bool route_equal(const struct route *a, const struct route *b)
{
    return compare(a, b) == 0 && a->type == b->type && a->link == b->link &&
           a->scope == b->scope && ip_addr_eq(&a->gateway, &b->gateway) &&
           ip_addr_eq(&a->source, &b->source);
}

struct route *route_find_equal(const struct route *route)
{
    struct route *other;

    list_for_each(other, &route_table, node) {
        if (route_equal(other, route))
            return other;
    }
    return NULL;
}

// The first route that does not come before (with past: that comes behind) the
// given one in the table's order, or the list's head.
static struct list_node *position(const struct route *route, bool past)
{
    struct route *other;

    list_for_each(other, &route_table, node) {
        if (compare(other, route) >= (past ? 1 : 0))
            return &other->node;
    }
    return &route_table;
}

// What of the same destination and metric is in the way. 0 or -errno; *old: to
// be replaced.
static int check_others(const struct route *route, enum route_add_mode mode,
                        struct route **old)
{
    struct list_node *first = position(route, false);
    struct route *other = list_entry(first, struct route, node);
    bool exists = first != &route_table && compare(other, route) == 0;

    *old = NULL;
    if (mode == ROUTE_CHANGE && !exists)
        return -ENOENT;
    if (mode == ROUTE_EXCLUSIVE && exists)
        return -EEXIST;
    if (mode == ROUTE_CHANGE || mode == ROUTE_REPLACE)
        *old = exists ? other : NULL;
    else if (route_find_equal(route))
        return -EEXIST;
    return 0;
}

int route_add(const struct route *route, enum route_add_mode mode)
{
    struct route *old, *new;
    int error = check_others(route, mode, &old);

    assert_debug(net_locked());
    if (error < 0)
        return error;
    new = kmalloc(sizeof(*new));
    if (!new)
        return -ENOMEM;
    *new = *route;
    struct list_node *next = position(route, mode == ROUTE_APPEND);
    list_push_back(next, &new->node);
    if (old) {
        list_remove(&old->node);
        kfree(old);
    }
    observe_route(new, false);
    return 0;
}

void route_remove(struct route *route)
{
    assert_debug(net_locked());
    list_remove(&route->node);
    observe_route(route, true);
    kfree(route);
}

// ---- search ----

static bool matches(const struct route *route, uint32_t table,
                    const ip_addr_t *to, const struct net_link *out)
{
    return route->table == table && (!out || route->link == out) &&
           ip_prefix_equal(&route->to, to, route->prefix);
}

// The best route of a table; NULL: none. Of equals the first one.
static const struct route *best_route(uint32_t table, const ip_addr_t *to,
                                      const struct net_link *out)
{
    const struct route *route, *best = NULL;

    list_for_each(route, &route_table, node) {
        if (matches(route, table, to, out) &&
            (!best || route->prefix > best->prefix))
            best = route;
    }
    return best;
}

static int refusal(const struct route *route)
{
    switch (route->type) {
    case RTN_UNREACHABLE:
        return -EHOSTUNREACH;
    case RTN_BLACKHOLE:
        return -EINVAL;
    case RTN_PROHIBIT:
        return -EACCES;
    default:
        return 0;
    }
}

int route_lookup(const ip_addr_t *to, const struct net_link *out,
                 const struct route **route)
{
    static const uint32_t tables[] = {RT_TABLE_LOCAL, RT_TABLE_MAIN,
                                      RT_TABLE_DEFAULT};

    assert_debug(net_locked());
    for (unsigned i = 0; i < ARRAY_SIZE(tables); i++) {
        *route = best_route(tables[i], to, out);
        if (*route)
            return refusal(*route);
    }
    return -ENETUNREACH;
}

// ---- what takes routes away ----

void routes_link_down(const struct net_link *link)
{
    struct route *route, *next;

    list_for_each_safe(route, next, &route_table, node) {
        if (route->link == link && route->type != RTN_LOCAL)
            route_remove(route);
    }
}

void routes_link_gone(const struct net_link *link)
{
    struct route *route, *next;

    list_for_each_safe(route, next, &route_table, node) {
        if (route->link == link)
            route_remove(route);
    }
}

void routes_source_gone(const ip_addr_t *source)
{
    struct route *route, *next;

    list_for_each_safe(route, next, &route_table, node) {
        if (ip_addr_eq(&route->source, source))
            route_remove(route);
    }
}
