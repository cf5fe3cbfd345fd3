// SPDX-License-Identifier: MIT
//
// NETLINK_ROUTE: links, rtnetlink(7). RTM_GETLINK lists them, RTM_NEWLINK and
// RTM_SETLINK change one. Links are made and unmade by their drivers.

#include <abi/errno.h>
#include <abi/netdevice.h>
#include <abi/rtnetlink.h>
#include <net/link_config.h>
#include <net/observer.h>
#include <net/server.h>
#include <string.h>

#include "netlink.h"
#include "rtnl.h"

static void put_counters(struct netlink_writer *w, const struct net_link *link)
{
    struct abi_link_stats64 stats;
    uint32_t words[sizeof(stats) / sizeof(uint64_t)];
    struct net_counters c = {0};

    link->interface->ops->counters(link->interface, &c);
    stats = (struct abi_link_stats64){.rx_packets = c.rx_packets,
                                      .tx_packets = c.tx_packets,
                                      .rx_bytes = c.rx_bytes,
                                      .tx_bytes = c.tx_bytes,
                                      .rx_errors = c.rx_errors,
                                      .tx_errors = c.tx_errors,
                                      .rx_dropped = c.rx_dropped,
                                      .tx_dropped = c.tx_dropped,
                                      .multicast = c.rx_multicast};
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
        words[i] = ((const uint64_t *)&stats)[i];
    netlink_put(w, IFLA_STATS64, &stats, sizeof(stats));
    netlink_put(w, IFLA_STATS, words, sizeof(words));
}

static uint8_t operational_state(const struct net_link *link)
{
    if (link == NET_SERVER.loopback)
        return OPERSTATE_UNKNOWN;
    return link_flags(link) & IFF_RUNNING ? OPERSTATE_UP : OPERSTATE_DOWN;
}

static void put_addresses(struct netlink_writer *w, const struct net_link *link)
{
    uint8_t broadcast[ETHERNET_ADDRESS_SIZE];
    bool loopback = link == NET_SERVER.loopback;

    if (!link_address_length(link))
        return;
    memset(broadcast, loopback ? 0 : 0xff, sizeof(broadcast));
    netlink_put(w, IFLA_ADDRESS, link->netif.hwaddr, sizeof(broadcast));
    netlink_put(w, IFLA_BROADCAST, broadcast, sizeof(broadcast));
}

static bool write_link(struct netlink_writer *w, const void *item,
                       uint16_t type, uint16_t flags, uint32_t sequence,
                       uint32_t port)
{
    const struct net_link *link = item;
    struct abi_ifinfomsg *body =
        netlink_begin(w, type, flags, sequence, port, sizeof(*body));

    if (!body)
        return false;
    body->type = link->interface->hardware;
    body->index = link_index(link);
    body->flags = link_flags(link);
    netlink_put_string(w, IFLA_IFNAME, link->interface->name);
    netlink_put_u32(w, IFLA_TXQLEN, link_queue_length(link));
    netlink_put_u8(w, IFLA_OPERSTATE, operational_state(link));
    netlink_put_u8(w, IFLA_LINKMODE, 0);
    netlink_put_u32(w, IFLA_MTU, link->netif.mtu);
    netlink_put_u32(w, IFLA_MIN_MTU, LINK_MTU_MIN);
    netlink_put_u32(w, IFLA_MAX_MTU, link->interface->mtu);
    netlink_put_u32(w, IFLA_GROUP, 0);
    netlink_put_u32(w, IFLA_PROMISCUITY, link->promiscuous);
    netlink_put_u32(w, IFLA_NUM_TX_QUEUES, 1);
    netlink_put_u32(w, IFLA_NUM_RX_QUEUES, 1);
    netlink_put_u8(w, IFLA_CARRIER, link->was_up);
    netlink_put_string(w, IFLA_QDISC, "noqueue");
    put_addresses(w, link);
    put_counters(w, link);
    return netlink_end(w, body);
}

// ---- which link ----

// The link that a request names, by number or else by name. 0, -ENODEV,
// -EINVAL (neither).
static int find_link(struct netlink_request *request,
                     const struct abi_ifinfomsg *body,
                     const struct abi_nlattr *const attributes[],
                     struct net_link **link)
{
    const struct abi_nlattr *named = attributes[IFLA_IFNAME]
                                         ? attributes[IFLA_IFNAME]
                                         : attributes[IFLA_ALT_IFNAME];
    char name[IFNAMSIZ];

    if (body->index > 0)
        *link = link_by_index(body->index);
    else if (body->index < 0 || !named)
        return netlink_refuse(request, -EINVAL, "no link is named");
    else if (netlink_get_string(named, name, sizeof(name)) < 0)
        return netlink_refuse(request, -EINVAL, "the name is too long");
    else
        *link = link_by_name(name);
    return *link ? 0 : -ENODEV;
}

static int parse(struct netlink_request *request,
                 const struct abi_nlattr *attributes[], struct net_link **link)
{
    int error = netlink_attributes(request, sizeof(struct abi_ifinfomsg),
                                   attributes, IFLA_MAX);

    return error < 0 ? error
                     : find_link(request, request->body, attributes, link);
}

static int get_link(struct netlink_request *request)
{
    const struct abi_nlattr *attributes[IFLA_MAX + 1];
    struct net_link *link;
    int error = parse(request, attributes, &link);

    return error < 0 ? error
                     : netlink_reply(request, RTM_NEWLINK, write_link, link);
}

static int start_links(struct netlink_request *request,
                       struct netlink_dump *dump)
{
    const struct abi_ifinfomsg *body = request->body;

    (void)dump;
    if (!READ_ONCE(request->from->strict) || request->length < sizeof(*body))
        return 0;
    if (body->index || body->type || body->flags || body->change)
        return netlink_refuse(request, -EINVAL,
                              "a list of links takes no values in its header");
    return 0;
}

static bool next_links(struct netlink_dump *dump, struct netlink_writer *w)
{
    const struct net_link *link;
    unsigned n = 0;

    if (dump->family == AF_BRIDGE)
        return false;  // ports of bridges, of which there are none
    list_for_each(link, &NET_SERVER.links, node) {
        if (!netlink_dump_due(dump, n++))
            continue;
        if (!write_link(w, link, RTM_NEWLINK, dump->flags, dump->sequence,
                        dump->port))
            return true;
        dump->at = n;
    }
    return false;
}

// ---- changes ----

// Attributes that say which link, or ask for nothing.
static bool is_passive(unsigned type)
{
    return type == IFLA_IFNAME || type == IFLA_ALT_IFNAME ||
           type == IFLA_EXT_MASK || type == IFLA_MTU || type == IFLA_ADDRESS;
}

// 0, or -EOPNOTSUPP for what would have no effect.
static int check_attributes(struct netlink_request *request,
                            const struct abi_nlattr *const attributes[])
{
    for (unsigned type = 1; type <= IFLA_MAX; type++) {
        if (attributes[type] && !is_passive(type))
            return netlink_refuse(request, -EOPNOTSUPP,
                                  "this property of a link cannot be changed");
    }
    return 0;
}

static int set_address(struct net_link *link, const struct abi_nlattr *mac)
{
    if (mac->length < sizeof(*mac) + link_address_length(link))
        return -EINVAL;
    return link_set_address(link, (const uint8_t *)(mac + 1));
}

static int apply(struct netlink_request *request, struct net_link *link,
                 const struct abi_nlattr *const attributes[])
{
    const struct abi_ifinfomsg *body = request->body;
    uint32_t mtu = link->netif.mtu;
    char name[IFNAMSIZ];
    int error = netlink_get_u32(attributes[IFLA_MTU], &mtu);

    if (error == 0 && attributes[IFLA_MTU]) {
        error = link_set_mtu(link, mtu);
        if (error < 0)
            request->why = "the device does not take this MTU";
    }
    if (error == 0 && attributes[IFLA_ADDRESS])
        error = set_address(link, attributes[IFLA_ADDRESS]);
    if (error == 0 && attributes[IFLA_IFNAME] && body->index > 0) {
        error = netlink_get_string(attributes[IFLA_IFNAME], name, sizeof(name));
        if (error == 0)
            error = link_set_name(link, name);
    }
    // As Linux: without a mask it is the flags as they are given.
    if (error == 0 && (body->flags || body->change))
        error = link_set_flags(link, body->flags,
                               body->change ? body->change : ~0u);
    return error;
}

static int change_link(struct netlink_request *request)
{
    const struct abi_nlattr *attributes[IFLA_MAX + 1];
    struct net_link *link;
    unsigned flags = request->header->flags;
    int error = parse(request, attributes, &link);

    if (error == -ENODEV && flags & NLM_F_CREATE &&
        request->header->type == RTM_NEWLINK)
        return netlink_refuse(request, -EOPNOTSUPP,
                              "links are not made this way");
    if (error < 0)
        return error;
    if (flags & NLM_F_EXCL && request->header->type == RTM_NEWLINK)
        return -EEXIST;
    if (flags & NLM_F_REPLACE && request->header->type == RTM_NEWLINK)
        return -EOPNOTSUPP;
    error = check_attributes(request, attributes);
    return error < 0 ? error : apply(request, link, attributes);
}

static int delete_link(struct netlink_request *request)
{
    const struct abi_nlattr *attributes[IFLA_MAX + 1];
    struct net_link *link;
    int error = parse(request, attributes, &link);

    return error < 0 ? error : -EOPNOTSUPP;
}

NETLINK_HANDLER(get_link) = {RTM_GETLINK, get_link, start_links, next_links};
NETLINK_HANDLER(new_link) = {.type = RTM_NEWLINK, .act = change_link};
NETLINK_HANDLER(set_link) = {.type = RTM_SETLINK, .act = change_link};
NETLINK_HANDLER(delete_link) = {.type = RTM_DELLINK, .act = delete_link};

void rtnl_link_changed(const struct net_link *link, bool gone)
{
    netlink_notify(RTNLGRP_LINK, gone ? RTM_DELLINK : RTM_NEWLINK, write_link,
                   link);
}
