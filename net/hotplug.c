// SPDX-License-Identifier: MIT
//
// Interfaces that come and go while the machine runs (drivers/tun/). One that
// comes is down and has no address. One that goes leaves nothing that points to
// it: those who keep pointers to links hear of it as observers, or are told
// here; what is left of it are references that keep its memory.

#include <abi/errno.h>
#include <lwip/dhcp.h>
#include <net/address.h>
#include <net/ip6.h>
#include <net/link_config.h>
#include <net/neighbour.h>
#include <net/observer.h>
#include <net/route_table.h>
#include <net/server.h>

static int attach(struct net_interface *interface)
{
    struct net_link *link;
    int error;

    net_lock();
    if (!link_name_valid(interface->name)) {
        error = -EINVAL;
    } else if (link_by_name(interface->name)) {
        error = -EEXIST;
    } else {
        interface->notify = link_notify;
        error = link_attach(interface, &link);
    }
    net_unlock();
    return error;
}

// lwIP would abort the connections from an address that goes, which Linux lets
// time out: so it finds none.
static void forget_addresses(struct netif *netif)
{
    ip_addr_set_zero_ip4(&netif->ip_addr);
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        netif->ip6_addr_state[i] = IP6_ADDR_INVALID;
}

static void link_detach(struct net_link *link)
{
    struct net_interface *interface = link->interface;

    if (netif_dhcp_data(&link->netif)) {
        dhcp_stop(&link->netif);
        dhcp_cleanup(&link->netif);
    }
    netif_set_down(&link->netif);
    addresses_link_gone(link);
    routes_link_gone(link);
    neighbours_link_down(link);
    route6_remove_link(link);
    observe_link(link, true);
    forget_addresses(&link->netif);
    netif_remove(&link->netif);
    list_remove(&link->node);
    interface->server = NULL;
    WRITE_ONCE(link->stalled, false);  // who waits for room finds it gone
    wake_up_all(&NET_SERVER.room);
    link_put(link);
}

static void detach(struct net_interface *interface)
{
    net_lock();
    link_detach(interface->server);
    net_unlock();
}

void link_listen(void)
{
    static const struct net_device_listener listener = {attach, detach};

    net_device_listen(&listener);
}

// net_interface.serve.
void link_serve(struct net_interface *interface)
{
    net_lock();
    if (interface->server)
        link_poll(interface->server);
    net_unlock();
}

// Drivers know whether their interface is up from here.
static void tell_interface(const struct net_link *link, bool gone)
{
    WRITE_ONCE(link->interface->up, !gone && netif_is_up(&link->netif));
}
NET_OBSERVER(interfaces) = {.link = tell_interface};
