// SPDX-License-Identifier: MIT
//
// NETLINK_ROUTE: addresses added and deleted, rtnetlink(7), of both versions of
// IP.

#include <abi/errno.h>
#include <abi/rtnetlink.h>
#include <net/address.h>
#include <net/ip6.h>
#include <net/server.h>
#include <string.h>

#include "netlink.h"

// What RTM_NEWADDR and RTM_DELADDR say. 0 or -errno.
struct address_request {
    struct net_link *link;
    struct link_address address;
    bool has_local, has_peer;
};

static int parse_ips(const struct abi_ifaddrmsg *body,
                     const struct abi_nlattr *const attributes[],
                     struct address_request *to)
{
    struct link_address *a = &to->address;
    int error = netlink_get_ip(attributes[IFA_LOCAL], body->family, &a->ip);

    if (error == 0)
        error = netlink_get_ip(attributes[IFA_ADDRESS], body->family, &a->peer);
    if (error == 0 && body->family == AF_INET)
        error = netlink_get_ip(attributes[IFA_BROADCAST], body->family,
                               &a->broadcast);
    to->has_local = attributes[IFA_LOCAL];
    to->has_peer = attributes[IFA_ADDRESS];
    if (!to->has_local)
        ip_addr_copy(a->ip, a->peer);
    if (!to->has_peer)
        ip_addr_copy(a->peer, a->ip);
    return error;
}

static int parse_lifetimes(struct netlink_request *request,
                           const struct abi_nlattr *attribute,
                           struct link_address *address)
{
    const struct abi_ifa_cacheinfo *info;

    address->preferred = address->valid = LIFETIME_FOREVER;
    if (!attribute)
        return 0;
    info = netlink_value(attribute);
    if (netlink_value_length(attribute) != sizeof(*info))
        return -EINVAL;
    if (info->valid == 0 || info->preferred > info->valid)
        return netlink_refuse(request, -EINVAL, "impossible lifetimes");
    address->preferred = info->preferred;
    address->valid = info->valid;
    return 0;
}

static int parse_details(struct netlink_request *request,
                         const struct abi_nlattr *const attributes[],
                         struct link_address *address)
{
    uint32_t flags = ((const struct abi_ifaddrmsg *)request->body)->flags;
    int error = netlink_get_u32(attributes[IFA_FLAGS], &flags);

    if (error == 0)
        error =
            netlink_get_u32(attributes[IFA_RT_METRIC], &address->route_metric);
    if (error == 0)
        error = netlink_get_string(attributes[IFA_LABEL], address->label,
                                   sizeof(address->label));
    if (error == 0)
        error = parse_lifetimes(request, attributes[IFA_CACHEINFO], address);
    if (attributes[IFA_PROTO] && netlink_value_length(attributes[IFA_PROTO]))
        address->protocol =
            *(const uint8_t *)netlink_value(attributes[IFA_PROTO]);
    address->flags = flags & IFA_F_NOPREFIXROUTE;
    return error;
}

static int parse(struct netlink_request *request, struct address_request *to)
{
    const struct abi_ifaddrmsg *body = request->body;
    const struct abi_nlattr *attributes[IFA_MAX + 1];
    int error = netlink_attributes(request, sizeof(*body), attributes, IFA_MAX);

    memset(to, 0, sizeof(*to));
    if (error < 0)
        return error;
    if (body->family != AF_INET && body->family != AF_INET6)
        return -EOPNOTSUPP;
    error = parse_ips(body, attributes, to);
    if (error == 0)
        error = parse_details(request, attributes, &to->address);
    if (error < 0)
        return error;
    to->address.prefix = body->prefix;
    to->address.scope = body->scope;
    to->link = link_by_index(body->index);
    return to->link ? 0 : -ENODEV;
}

static int new_address4(struct netlink_request *request,
                        const struct address_request *r)
{
    struct link_address *old;

    if (r->address.prefix > 32)
        return netlink_refuse(request, -EINVAL, "impossible prefix length");
    if (!r->has_local)
        return netlink_refuse(request, -EINVAL, "no local address");
    old = address_find(r->link, &r->address.ip, r->address.prefix);
    if (!old || !ip_prefix_equal(&old->peer, &r->address.peer, old->prefix))
        return address_add(r->link, &r->address);
    if (request->header->flags & NLM_F_EXCL ||
        !(request->header->flags & NLM_F_REPLACE))
        return netlink_refuse(request, -EEXIST, "the link has this address");
    address_set_lifetimes(old, r->address.preferred, r->address.valid);
    return 0;
}

static int new_address6(struct netlink_request *request,
                        const struct address_request *r)
{
    const ip6_addr_t *ip = ip_2_ip6(&r->address.ip);

    if (!r->has_local && !r->has_peer)
        return -EINVAL;
    if (!ip6_addr_eq(ip, ip_2_ip6(&r->address.peer)) ||
        r->address.valid != LIFETIME_FOREVER || r->address.flags)
        return netlink_refuse(request, -EOPNOTSUPP,
                              "IPv6: no peers, lifetimes or flags by hand");
    int error = address6_add(r->link, ip, r->address.prefix);
    if (error == -EEXIST && request->header->flags & NLM_F_REPLACE)
        return 0;
    return error;
}

static int new_address(struct netlink_request *request)
{
    struct address_request r;
    int error = parse(request, &r);

    if (error < 0)
        return error;
    return IP_IS_V6(&r.address.ip) ? new_address6(request, &r)
                                   : new_address4(request, &r);
}

static int delete_address4(const struct address_request *r)
{
    struct link_address *address;

    list_for_each(address, &r->link->addresses, node) {
        const struct link_address *a = &r->address;
        if ((r->has_local && !ip_addr_eq(&address->ip, &a->ip)) ||
            (a->label[0] && strcmp(a->label, address->label) != 0) ||
            (r->has_peer &&
             (a->prefix != address->prefix ||
              !ip_prefix_equal(&a->peer, &address->peer, a->prefix))))
            continue;
        address_remove(address);
        return 0;
    }
    return -EADDRNOTAVAIL;
}

static int delete_address(struct netlink_request *request)
{
    struct address_request r;
    int error = parse(request, &r);

    if (error < 0)
        return error;
    error =
        IP_IS_V6(&r.address.ip)
            ? address6_remove(r.link, ip_2_ip6(&r.address.ip), r.address.prefix)
            : delete_address4(&r);
    if (error == -EADDRNOTAVAIL)
        request->why = "the link has no such address";
    return error;
}

NETLINK_HANDLER(new_address) = {.type = RTM_NEWADDR, .act = new_address};
NETLINK_HANDLER(delete_address) = {.type = RTM_DELADDR, .act = delete_address};
