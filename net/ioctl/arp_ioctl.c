// SPDX-License-Identifier: MIT
//
// The ioctls by which arp(8) reads and changes neighbours, arp(7).

#include <abi/errno.h>
#include <abi/rtnetlink.h>
#include <abi/socket.h>
#include <mm/uaccess.h>
#include <net/ifioctl.h>
#include <net/neighbour.h>
#include <net/route_table.h>
#include <net/server.h>
#include <string.h>

// The link that the request names; without a name, the one that leads there.
static int find_link(struct abi_arpreq *request, const ip_addr_t *ip,
                     struct net_link **link)
{
    const struct route *route;

    request->device[IFNAMSIZ - 1] = '\0';
    if (request->device[0]) {
        *link = link_by_name(request->device);
        return *link ? 0 : -ENODEV;
    }
    int error = route_lookup(ip, NULL, &route);
    if (error < 0)
        return error;
    *link = route->link;
    return route->type == RTN_UNICAST ? 0 : -EINVAL;
}

static int get_arp(struct abi_arpreq *request, struct net_link *link,
                   const ip_addr_t *ip)
{
    struct neighbour neighbour;

    if (!neighbour_find(link, ip, &neighbour))
        return -ENXIO;
    request->hardware.type = link->interface->hardware;
    memset(request->hardware.address, 0, sizeof(request->hardware.address));
    memcpy(request->hardware.address, neighbour.mac, sizeof(neighbour.mac));
    request->flags =
        ATF_COM | (neighbour.state == NUD_PERMANENT ? ATF_PERM : 0);
    return 0;
}

// Answering for others, and entries that grow old again, are not to be had.
static int set_arp(struct abi_arpreq *request, struct net_link *link,
                   const ip_addr_t *ip)
{
    if (request->hardware.type != link->interface->hardware)
        return -EINVAL;
    if (request->flags & ATF_PUBL || !(request->flags & ATF_PERM))
        return -EOPNOTSUPP;
    return neighbour_set(link, ip, request->hardware.address);
}

static int delete_arp(struct abi_arpreq *request, struct net_link *link,
                      const ip_addr_t *ip)
{
    if (request->flags & ATF_PUBL)
        return -ENXIO;
    int error = neighbour_remove(link, ip);
    return error == -ENOENT ? -ENXIO : error;
}

static long run(uaddr argument,
                int (*act)(struct abi_arpreq *request, struct net_link *link,
                           const ip_addr_t *ip))
{
    struct abi_arpreq request;
    struct net_link *link;
    ip_addr_t ip;
    int error = GET_USER(&request, argument);

    if (error < 0)
        return error;
    if (request.address.family != AF_INET)
        return -EPFNOSUPPORT;
    if (act == get_arp && !request.device[0])
        return -ENODEV;
    ip_addr_set_ip4_u32_val(ip, request.address.address);
    net_lock();
    error = find_link(&request, &ip, &link);
    if (error == 0)
        error = act(&request, link, &ip);
    net_unlock();
    if (error < 0 || act != get_arp)
        return error;
    return PUT_USER(argument, request);
}

static long get_arp_ioctl(uaddr argument)
{
    return run(argument, get_arp);
}
NET_IOCTL(get_arp) = {.command = SIOCGARP, .run = get_arp_ioctl};

static long set_arp_ioctl(uaddr argument)
{
    return run(argument, set_arp);
}
NET_IOCTL(set_arp) = {.command = SIOCSARP, .root = true, .run = set_arp_ioctl};

static long delete_arp_ioctl(uaddr argument)
{
    return run(argument, delete_arp);
}
NET_IOCTL(delete_arp) = {
    .command = SIOCDARP, .root = true, .run = delete_arp_ioctl};
