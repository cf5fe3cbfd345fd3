// SPDX-License-Identifier: MIT
//
// netdevice(7): the ioctls that ask about interfaces (SIOCGIFCONF and its kin),
// as ifconfig and getifaddrs-less programs use them.

#include <abi/errno.h>
#include <abi/netdevice.h>
#include <abi/socket.h>
#include <mm/uaccess.h>
#include <net/ifioctl.h>
#include <net/link_config.h>
#include <net/server.h>
#include <string.h>

static void put_address(struct abi_ifreq *request, uint32_t address)
{
    memset(request->bytes, 0, sizeof(request->bytes));
    request->address.family = AF_INET;
    request->address.address = address;
}

static void put_hardware(struct abi_ifreq *request, const struct net_link *link)
{
    memset(request->bytes, 0, sizeof(request->bytes));
    request->hardware.type = link->interface->hardware;
    memcpy(request->hardware.address, link->netif.hwaddr,
           ETHERNET_ADDRESS_SIZE);
}

// Fill in what the command asks of the link. Core mutex held.
static int answer(const struct net_link *link, unsigned command,
                  struct abi_ifreq *request)
{
    uint32_t address = netif_ip4_addr(&link->netif)->addr;
    uint32_t mask = netif_ip4_netmask(&link->netif)->addr;

    switch (command) {
    case SIOCGIFFLAGS:
        request->flags = link_flags(link);
        return 0;
    case SIOCGIFADDR:
        put_address(request, address);
        return address ? 0 : -EADDRNOTAVAIL;
    case SIOCGIFBRDADDR:
        put_address(request, link == NET_SERVER.loopback ? 0 : address | ~mask);
        return address ? 0 : -EADDRNOTAVAIL;
    case SIOCGIFNETMASK:
        put_address(request, mask);
        return address ? 0 : -EADDRNOTAVAIL;
    case SIOCGIFMTU:
        request->number = link->netif.mtu;
        return 0;
    case SIOCGIFHWADDR:
        put_hardware(request, link);
        return 0;
    case SIOCGIFINDEX:
        request->number = link_index(link);
        return 0;
    case SIOCGIFMETRIC:
        request->number = 0;
        return 0;
    case SIOCGIFTXQLEN:
        request->number = link == NET_SERVER.loopback ? 0 : 1000;
        return 0;
    case SIOCETHTOOL:  // there is nothing of a device to be tuned
        return -EOPNOTSUPP;
    default:
        return -ENOTTY;
    }
}

static long ask_one(unsigned command, uaddr argument)
{
    struct abi_ifreq request;
    struct net_link *link;
    int error = GET_USER(&request, argument);

    if (error < 0)
        return error;
    net_lock();
    link = command == SIOCGIFNAME ? link_by_index(request.number)
                                  : link_by_name(request.name);
    if (!link)
        error = -ENODEV;
    else if (command == SIOCGIFNAME)
        memcpy(request.name, link->interface->name, sizeof(request.name));
    else
        error = answer(link, command, &request);
    net_unlock();
    return error < 0 ? error : PUT_USER(argument, request);
}

// The nth interface that has an address. Core mutex held.
static struct net_link *addressed_link(unsigned n)
{
    struct net_link *link;

    list_for_each(link, &NET_SERVER.links, node) {
        if (!ip4_addr_isany(netif_ip4_addr(&link->netif)) && n-- == 0)
            return link;
    }
    return NULL;
}

// SIOCGIFCONF: all interfaces with an address, or how much room they take.
static long list_all(uaddr argument)
{
    struct abi_ifconf list;
    struct abi_ifreq request;
    int32_t done = 0;
    int error = GET_USER(&list, argument);

    for (unsigned i = 0; error == 0; i++) {
        net_lock();
        struct net_link *link = addressed_link(i);
        if (link) {
            memset(&request, 0, sizeof(request));
            memcpy(request.name, link->interface->name, sizeof(request.name));
            put_address(&request, netif_ip4_addr(&link->netif)->addr);
        }
        net_unlock();
        if (!link)
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

long interface_ioctl(unsigned command, uaddr argument)
{
    struct abi_ifreq unused;

    if (command == SIOCGIFCONF)
        return list_all(argument);
    if (command == SIOCGIFNAME ||
        answer(NET_SERVER.loopback, command, &unused) != -ENOTTY)
        return ask_one(command, argument);
    return -ENOTTY;
}
