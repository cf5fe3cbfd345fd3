// SPDX-License-Identifier: MIT
//
// Changing an interface: up and down, MTU, name. What follows for addresses,
// routes and neighbours is done here; netdevice(7)'s ioctls and NETLINK_ROUTE
// both come this way.

#include <abi/errno.h>
#include <abi/netdevice.h>
#include <ctype.h>
#include <net/address.h>
#include <net/link_config.h>
#include <net/neighbour.h>
#include <net/observer.h>
#include <net/route_table.h>
#include <net/server.h>
#include <string.h>

unsigned link_flags(const struct net_link *link)
{
    bool up = netif_is_up(&link->netif);
    unsigned flags = link->chosen | (up ? IFF_UP : 0);

    if (up && link->was_up)
        flags |= IFF_RUNNING | IFF_LOWER_UP;
    if (link == NET_SERVER.loopback)
        return flags | IFF_LOOPBACK;
    if (link->interface->hardware == ARPHRD_NONE)
        return flags | IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
    return flags | IFF_BROADCAST | IFF_MULTICAST;
}

static void take_up(struct net_link *link)
{
    netif_set_up(&link->netif);
    addresses_link_up(link);
    observe_link(link, false);
}

static void take_down(struct net_link *link)
{
    netif_set_down(&link->netif);
    routes_link_down(link);
    neighbours_link_down(link);
    observe_link(link, false);
}

// Flags that Linux lets a user change; the others follow from the device, and
// asking for them is no error.
#define CHANGEABLE \
    (IFF_UP | IFF_NOARP | IFF_PROMISC | IFF_ALLMULTI | IFF_MULTICAST)

#define LISTENING (IFF_PROMISC | IFF_ALLMULTI)

// Programs count as one more user each (net/packet/member.c).
static void set_listening(struct net_link *link, unsigned change)
{
    link->chosen ^= change;
    if (change & IFF_PROMISC)
        link->promiscuous += link->chosen & IFF_PROMISC ? 1 : -1;
    if (change & IFF_ALLMULTI)
        link->all_multicast += link->chosen & IFF_ALLMULTI ? 1 : -1;
    observe_link(link, false);
}

int link_set_flags(struct net_link *link, unsigned flags, unsigned mask)
{
    unsigned change = (link_flags(link) ^ flags) & mask & CHANGEABLE;

    if (change & ~(IFF_UP | LISTENING))
        return -EOPNOTSUPP;
    if (change & LISTENING)
        set_listening(link, change & LISTENING);
    if (change & flags & IFF_UP)
        take_up(link);
    else if (change & IFF_UP)
        take_down(link);
    return 0;
}

unsigned link_queue_length(const struct net_link *link)
{
    return link->interface->queue_length ? link->interface->queue_length
                                         : LINK_QUEUE_LENGTH;
}

int link_set_mtu(struct net_link *link, unsigned mtu)
{
    if (mtu < LINK_MTU_MIN || mtu > link->interface->mtu)
        return -EINVAL;
    if (link->netif.mtu == mtu)
        return 0;
    link->netif.mtu = mtu;
    link->netif.mtu6 = mtu;
    observe_link(link, false);
    return 0;
}

bool link_name_valid(const char *name)
{
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (; *name; name++) {
        if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
            return false;
    }
    return true;
}

int link_set_name(struct net_link *link, const char *name)
{
    struct link_address *address;
    char *own = link->interface->name;

    if (!link_name_valid(name))
        return -EINVAL;
    if (strcmp(own, name) == 0)
        return 0;
    if (netif_is_up(&link->netif))
        return -EBUSY;
    if (link_by_name(name))
        return -EEXIST;
    list_for_each(address, &link->addresses, node) {
        if (strcmp(address->label, own) == 0)
            strcpy(address->label, name);
    }
    strcpy(own, name);
    observe_link(link, false);
    return 0;
}

int link_set_address(struct net_link *link, const uint8_t *mac)
{
    struct net_interface *interface = link->interface;

    if (!interface->ops->set_mac_address)
        return -EOPNOTSUPP;
    int error = interface->ops->set_mac_address(interface, mac);
    if (error == 0)
        link_poll(link);  // which sees that it is another one
    return error;
}
