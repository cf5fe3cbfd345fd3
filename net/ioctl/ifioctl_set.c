// SPDX-License-Identifier: MIT
//
// netdevice(7): the ioctls that change interfaces, as ifconfig does: flags,
// MTU, name, and one address to a label (the interface's name, or "eth0:1").

#include <abi/errno.h>
#include <abi/socket.h>
#include <net/address.h>
#include <net/ifioctl.h>
#include <net/link_config.h>
#include <net/server.h>
#include <string.h>

// ---- addresses ----

// The prefix that an address has by its class; -1: it has none.
static int class_prefix(uint32_t address)
{
    uint32_t first = lwip_ntohl(address) >> 24;

    if (address == 0)
        return 0;
    if (first >= 224)
        return -1;
    return first < 128 ? 8 : first < 192 ? 16 : 24;
}

static uint32_t network_broadcast(const struct link_address *address)
{
    uint32_t ip = ip_2_ip4(&address->ip)->addr;

    return address->prefix < 31 ? ip | ~ip4_mask_of(address->prefix) : 0;
}

// Put another address in the place of one, which may be NULL.
static int replace(struct net_link *link, struct link_address *old,
                   const struct link_address *new)
{
    struct link_address wanted = *new;

    wanted.leased = false;
    wanted.preferred = wanted.valid = LIFETIME_FOREVER;
    wanted.scope =
        ip_addr_isloopback(&wanted.ip) ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
    if (old)
        address_remove(old);
    if (ip_addr_isany(&wanted.ip))
        return 0;
    return address_add(link, &wanted);
}

static int set_address(struct net_link *link, struct abi_ifreq *request)
{
    struct link_address *old = ifreq_address(link, request);
    struct link_address new = {0};
    uint32_t ip = request->address.address;
    int prefix = class_prefix(ip);

    if (request->address.family != AF_INET || prefix < 0)
        return -EINVAL;
    if (old && ip_2_ip4(&old->ip)->addr == ip)
        return 0;
    memcpy(new.label, request->name, sizeof(new.label));
    new.label[IFNAMSIZ - 1] = '\0';
    ip_addr_set_ip4_u32(&new.ip, ip);
    ip_addr_set_ip4_u32(&new.peer, ip);
    new.prefix = prefix;
    ip_addr_set_ip4_u32(&new.broadcast, link_flags(link) & IFF_BROADCAST
                                            ? network_broadcast(&new)
                                            : 0);
    return replace(link, old, &new);
}
NET_IOCTL(set_address) = {.command = SIOCSIFADDR,
                          .root = true,
                          .only4 = true,
                          .on_link = set_address};

// The address whose property is to be changed, and a copy of it to change.
static int copy_address(const struct net_link *link,
                        const struct abi_ifreq *request,
                        struct link_address **old, struct link_address *new)
{
    *old = ifreq_address(link, request);
    if (request->address.family != AF_INET)
        return -EINVAL;
    if (!*old)
        return -EADDRNOTAVAIL;
    *new = **old;
    return 0;
}

static int set_netmask(struct net_link *link, struct abi_ifreq *request)
{
    struct link_address *old, new;
    uint32_t mask = request->address.address;
    int error = copy_address(link, request, &old, &new);

    if (error < 0)
        return error;
    new.prefix = __builtin_popcount(mask);
    if (ip4_mask_of(new.prefix) != mask)
        return -EINVAL;
    if (new.prefix == old->prefix)
        return 0;
    if (ip_2_ip4(&old->broadcast)->addr == network_broadcast(old))
        ip_addr_set_ip4_u32(&new.broadcast, network_broadcast(&new));
    return replace(link, old, &new);
}
NET_IOCTL(set_netmask) = {
    .command = SIOCSIFNETMASK, .root = true, .on_link = set_netmask};

static int set_broadcast(struct net_link *link, struct abi_ifreq *request)
{
    struct link_address *old, new;
    int error = copy_address(link, request, &old, &new);

    if (error < 0)
        return error;
    ip_addr_set_ip4_u32(&new.broadcast, request->address.address);
    return replace(link, old, &new);
}
NET_IOCTL(set_broadcast) = {
    .command = SIOCSIFBRDADDR, .root = true, .on_link = set_broadcast};

static int set_peer(struct net_link *link, struct abi_ifreq *request)
{
    struct link_address *old, new;
    int error = copy_address(link, request, &old, &new);

    if (error < 0)
        return error;
    if (class_prefix(request->address.address) < 0)
        return -EINVAL;
    ip_addr_set_ip4_u32(&new.peer, request->address.address);
    return replace(link, old, &new);
}
NET_IOCTL(set_peer) = {.command = SIOCSIFDSTADDR,
                       .root = true,
                       .only4 = true,
                       .on_link = set_peer};

// ---- links ----

// An alias that is taken down is deleted.
static int set_alias_flags(struct net_link *link, struct abi_ifreq *request)
{
    struct link_address *address = ifreq_address(link, request);

    if (!address)
        return -EADDRNOTAVAIL;
    if (!(request->flags & IFF_UP))
        address_remove(address);
    return 0;
}

static int set_flags(struct net_link *link, struct abi_ifreq *request)
{
    if (memchr(request->name, ':', IFNAMSIZ))
        return set_alias_flags(link, request);
    return link_set_flags(link, (uint16_t)request->flags, UINT16_MAX);
}
NET_IOCTL(set_flags) = {
    .command = SIOCSIFFLAGS, .root = true, .on_link = set_flags};

static int set_mtu(struct net_link *link, struct abi_ifreq *request)
{
    return request->number < 0 ? -EINVAL : link_set_mtu(link, request->number);
}
NET_IOCTL(set_mtu) = {.command = SIOCSIFMTU, .root = true, .on_link = set_mtu};

static int set_name(struct net_link *link, struct abi_ifreq *request)
{
    request->new_name[IFNAMSIZ - 1] = '\0';
    return link_set_name(link, request->new_name);
}
NET_IOCTL(set_name) = {
    .command = SIOCSIFNAME, .root = true, .on_link = set_name};

static int set_hardware(struct net_link *link, struct abi_ifreq *request)
{
    if (request->hardware.type != link->interface->hardware)
        return -EINVAL;
    return link_set_address(link, request->hardware.address);
}
NET_IOCTL(set_hardware) = {
    .command = SIOCSIFHWADDR, .root = true, .on_link = set_hardware};
