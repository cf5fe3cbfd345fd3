// SPDX-License-Identifier: MIT
//
// NETLINK_ROUTE: neighbours, rtnetlink(7).

#include <abi/errno.h>
#include <abi/rtnetlink.h>
#include <net/ip6.h>
#include <net/neighbour.h>
#include <net/server.h>

#include "netlink.h"
#include "rtnl.h"

static bool write_neighbour(struct netlink_writer *w, const void *item,
                            uint16_t type, uint16_t flags, uint32_t sequence,
                            uint32_t port)
{
    const struct neighbour *neighbour = item;
    struct abi_ndmsg *body =
        netlink_begin(w, type, flags, sequence, port, sizeof(*body));

    if (!body)
        return false;
    body->family = rtnl_family(&neighbour->ip);
    body->index = link_index(neighbour->link);
    body->state = neighbour->state;
    body->flags = neighbour->router ? NTF_ROUTER : 0;
    body->type = RTN_UNICAST;
    netlink_put_ip(w, NDA_DST, &neighbour->ip);
    if (neighbour->state != NUD_INCOMPLETE)
        netlink_put(w, NDA_LLADDR, neighbour->mac, sizeof(neighbour->mac));
    return netlink_end(w, body);
}

// ---- lists ----

static int start_neighbours(struct netlink_request *request,
                            struct netlink_dump *dump)
{
    const struct abi_ndmsg *body = request->body;
    const struct abi_nlattr *attributes[NDA_MAX + 1];
    int error;

    if (!READ_ONCE(request->from->strict))
        return 0;
    error = netlink_attributes(request, sizeof(*body), attributes, NDA_MAX);
    if (error < 0)
        return error;
    if (body->index || body->state || body->type)
        return netlink_refuse(request, -EINVAL,
                              "a list of neighbours takes no values in its "
                              "header");
    error = netlink_get_u32(attributes[NDA_IFINDEX], &dump->index);
    if (dump->index)
        dump->flags |= NLM_F_DUMP_FILTERED;
    dump->type = body->flags & NTF_PROXY;
    return error;
}

static bool is_wanted(const struct netlink_dump *dump,
                      const struct neighbour *neighbour)
{
    return rtnl_family_wanted(dump->family, rtnl_family(&neighbour->ip)) &&
           (!dump->index || dump->index == link_index(neighbour->link));
}

static bool next_neighbours(struct netlink_dump *dump, struct netlink_writer *w)
{
    struct neighbour neighbour;

    if (dump->family == AF_BRIDGE || dump->type)
        return false;  // no bridges, nobody answered for
    nd_clock_advance();
    for (; neighbour_get(dump->at, &neighbour); dump->at++) {
        if (is_wanted(dump, &neighbour) &&
            !write_neighbour(w, &neighbour, RTM_NEWNEIGH, dump->flags,
                             dump->sequence, dump->port))
            return true;
    }
    return false;
}

// ---- one of them ----

struct neighbour_request {
    struct net_link *link;
    ip_addr_t ip;
    const uint8_t *mac;  // NULL: none given
};

static int parse(struct netlink_request *request, struct neighbour_request *to)
{
    const struct abi_ndmsg *body = request->body;
    const struct abi_nlattr *attributes[NDA_MAX + 1], *mac;
    int error = netlink_attributes(request, sizeof(*body), attributes, NDA_MAX);

    if (error < 0)
        return error;
    if (body->family != AF_INET && body->family != AF_INET6)
        return -EOPNOTSUPP;
    if (!attributes[NDA_DST])
        return netlink_refuse(request, -EINVAL, "no address");
    error = netlink_get_ip(attributes[NDA_DST], body->family, &to->ip);
    if (error < 0)
        return error;
    mac = attributes[NDA_LLADDR];
    if (mac && netlink_value_length(mac) != ETHERNET_ADDRESS_SIZE)
        return netlink_refuse(request, -EINVAL,
                              "the link has addresses of another length");
    to->mac = mac ? netlink_value(mac) : NULL;
    to->link = link_by_index(body->index);
    return to->link ? 0 : -ENODEV;
}

static int get_neighbour(struct netlink_request *request)
{
    struct neighbour_request r;
    struct neighbour neighbour;
    int error = parse(request, &r);

    if (error < 0)
        return error;
    if (!neighbour_find(r.link, &r.ip, &neighbour))
        return -ENOENT;
    return netlink_reply(request, RTM_NEWNEIGH, write_neighbour, &neighbour);
}

static int new_neighbour(struct netlink_request *request)
{
    const struct abi_ndmsg *body = request->body;
    unsigned flags = request->header->flags;
    struct neighbour_request r;
    struct neighbour old;
    int error = parse(request, &r);

    if (error < 0)
        return error;
    if (body->flags || body->state != NUD_PERMANENT)
        return netlink_refuse(request, -EOPNOTSUPP,
                              "only permanent neighbours are set by hand");
    if (!r.mac)
        return netlink_refuse(request, -EINVAL, "no hardware address");
    bool exists = neighbour_find(r.link, &r.ip, &old);
    if (!exists && !(flags & NLM_F_CREATE))
        return -ENOENT;
    if (exists && flags & NLM_F_EXCL)
        return -EEXIST;
    return neighbour_set(r.link, &r.ip, r.mac);
}

static int delete_neighbour(struct netlink_request *request)
{
    struct neighbour_request r;
    int error = parse(request, &r);

    return error < 0 ? error : neighbour_remove(r.link, &r.ip);
}

NETLINK_HANDLER(get_neighbour) = {RTM_GETNEIGH, get_neighbour, start_neighbours,
                                  next_neighbours};
NETLINK_HANDLER(new_neighbour) = {.type = RTM_NEWNEIGH, .act = new_neighbour};
NETLINK_HANDLER(delete_neighbour) = {.type = RTM_DELNEIGH,
                                     .act = delete_neighbour};

void rtnl_neighbour_changed(const struct neighbour *neighbour, bool gone)
{
    netlink_notify(RTNLGRP_NEIGH, gone ? RTM_DELNEIGH : RTM_NEWNEIGH,
                   write_neighbour, neighbour);
}
