// SPDX-License-Identifier: MIT
//
// netdevice(7): the ioctls that any socket answers about interfaces. Each is a
// row of the linker set net_ioctls; here are the search and those that ask.
// What changes is in net/ioctl/ifioctl_set.c, net/ioctl/route_ioctl.c,
// net/ioctl/arp_ioctl.c.

#include <abi/errno.h>
#include <abi/socket.h>
#include <mm/uaccess.h>
#include <net/address.h>
#include <net/ifioctl.h>
#include <net/link_config.h>
#include <net/server.h>
#include <proc/task.h>
#include <string.h>

struct net_link *ifreq_link(const struct abi_ifreq *request)
{
    char name[IFNAMSIZ];

    memcpy(name, request->name, sizeof(name));
    name[IFNAMSIZ - 1] = '\0';
    name[strcspn(name, ":")] = '\0';
    return link_by_name(name);
}

struct link_address *ifreq_address(const struct net_link *link,
                                   const struct abi_ifreq *request)
{
    struct link_address *address;

    list_for_each(address, &link->addresses, node) {
        if (strncmp(address->label, request->name, IFNAMSIZ) == 0)
            return address;
    }
    return NULL;
}

// ---- those that ask ----

static void put_address(struct abi_ifreq *request, uint32_t address)
{
    memset(request->bytes, 0, sizeof(request->bytes));
    request->address.family = AF_INET;
    request->address.address = address;
}

static int get_address(struct net_link *link, struct abi_ifreq *request)
{
    const struct link_address *address = ifreq_address(link, request);

    if (!address)
        return -EADDRNOTAVAIL;
    put_address(request, ip_2_ip4(&address->ip)->addr);
    return 0;
}
NET_IOCTL(get_address) = {.command = SIOCGIFADDR, .on_link = get_address};

static int get_peer(struct net_link *link, struct abi_ifreq *request)
{
    const struct link_address *address = ifreq_address(link, request);

    if (!address)
        return -EADDRNOTAVAIL;
    put_address(request, ip_2_ip4(&address->peer)->addr);
    return 0;
}
NET_IOCTL(get_peer) = {.command = SIOCGIFDSTADDR, .on_link = get_peer};

static int get_broadcast(struct net_link *link, struct abi_ifreq *request)
{
    const struct link_address *address = ifreq_address(link, request);

    if (!address)
        return -EADDRNOTAVAIL;
    put_address(request, ip_2_ip4(&address->broadcast)->addr);
    return 0;
}
NET_IOCTL(get_broadcast) = {.command = SIOCGIFBRDADDR,
                            .on_link = get_broadcast};

static int get_netmask(struct net_link *link, struct abi_ifreq *request)
{
    const struct link_address *address = ifreq_address(link, request);

    if (!address)
        return -EADDRNOTAVAIL;
    put_address(request, ip4_mask_of(address->prefix));
    return 0;
}
NET_IOCTL(get_netmask) = {.command = SIOCGIFNETMASK, .on_link = get_netmask};

static int get_flags(struct net_link *link, struct abi_ifreq *request)
{
    request->flags = link_flags(link);  // the lower 16
    return 0;
}
NET_IOCTL(get_flags) = {.command = SIOCGIFFLAGS, .on_link = get_flags};

static int get_mtu(struct net_link *link, struct abi_ifreq *request)
{
    request->number = link->netif.mtu;
    return 0;
}
NET_IOCTL(get_mtu) = {.command = SIOCGIFMTU, .on_link = get_mtu};

static int get_hardware(struct net_link *link, struct abi_ifreq *request)
{
    memset(request->bytes, 0, sizeof(request->bytes));
    request->hardware.type = link->interface->hardware;
    memcpy(request->hardware.address, link->netif.hwaddr,
           ETHERNET_ADDRESS_SIZE);
    return 0;
}
NET_IOCTL(get_hardware) = {.command = SIOCGIFHWADDR, .on_link = get_hardware};

static int get_index(struct net_link *link, struct abi_ifreq *request)
{
    request->number = link_index(link);
    return 0;
}
NET_IOCTL(get_index) = {.command = SIOCGIFINDEX, .on_link = get_index};

static int get_metric(struct net_link *link, struct abi_ifreq *request)
{
    (void)link;
    request->number = 0;  // there is none
    return 0;
}
NET_IOCTL(get_metric) = {.command = SIOCGIFMETRIC, .on_link = get_metric};

static int get_queue_length(struct net_link *link, struct abi_ifreq *request)
{
    (void)link;
    request->number = link_queue_length(link);
    return 0;
}
NET_IOCTL(get_queue_length) = {.command = SIOCGIFTXQLEN,
                               .on_link = get_queue_length};

// Where the device is in memory: nowhere that a user could reach.
static int get_map(struct net_link *link, struct abi_ifreq *request)
{
    (void)link;
    memset(request->bytes, 0, sizeof(request->bytes));
    return 0;
}
NET_IOCTL(get_map) = {.command = SIOCGIFMAP, .on_link = get_map};

// There is nothing of a device to be tuned.
static int tune(struct net_link *link, struct abi_ifreq *request)
{
    (void)link, (void)request;
    return -EOPNOTSUPP;
}
NET_IOCTL(tune) = {.command = SIOCETHTOOL, .on_link = tune};

static long get_name(uaddr argument)
{
    struct abi_ifreq request;
    const struct net_link *link;
    int error = GET_USER(&request, argument);

    if (error < 0)
        return error;
    net_lock();
    link = link_by_index(request.number);
    if (link)
        memcpy(request.name, link->interface->name, sizeof(request.name));
    net_unlock();
    return link ? PUT_USER(argument, request) : -ENODEV;
}
NET_IOCTL(get_name) = {.command = SIOCGIFNAME, .run = get_name};

// The nth address of all interfaces. Core mutex held.
static const struct link_address *nth_address(unsigned n)
{
    const struct net_link *link;
    const struct link_address *address;

    list_for_each(link, &NET_SERVER.links, node) {
        list_for_each(address, &link->addresses, node) {
            if (n-- == 0)
                return address;
        }
    }
    return NULL;
}

// SIOCGIFCONF: all addresses, or how much room they take.
static long list_all(uaddr argument)
{
    struct abi_ifconf list;
    struct abi_ifreq request;
    int32_t done = 0;
    int error = GET_USER(&list, argument);

    for (unsigned i = 0; error == 0; i++) {
        net_lock();
        const struct link_address *address = nth_address(i);
        if (address) {
            memcpy(request.name, address->label, sizeof(request.name));
            put_address(&request, ip_2_ip4(&address->ip)->addr);
        }
        net_unlock();
        if (!address)
            break;
        if (list.requests) {
            if (done + (int32_t)sizeof(request) > list.length)
                break;
            error = PUT_USER(list.requests + done, request);
        }
        done += sizeof(request);
    }
    list.length = done;
    return error < 0 ? error : PUT_USER(argument, list);
}
NET_IOCTL(list_all) = {.command = SIOCGIFCONF, .run = list_all};

// ---- the search ----

static long run_on_link(const struct net_ioctl *row, uaddr argument)
{
    struct abi_ifreq request;
    struct net_link *link;
    int error = GET_USER(&request, argument);

    if (error < 0)
        return error;
    net_lock();
    link = ifreq_link(&request);
    error = link ? row->on_link(link, &request) : -ENODEV;
    net_unlock();
    if (error < 0 || row->root)
        return error;
    return PUT_USER(argument, request);
}

long interface_ioctl(int family, unsigned command, uaddr argument)
{
    const struct net_ioctl *row;

    linkset_for_each(row, net_ioctls) {
        if (row->command != command ||
            (row->only6 ? family != AF_INET6
                        : row->only4 && family == AF_INET6))
            continue;
        if (row->root && current_process()->euid != 0)
            return -EPERM;
        return row->run ? row->run(argument) : run_on_link(row, argument);
    }
    return -ENOTTY;
}
