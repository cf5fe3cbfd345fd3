// SPDX-License-Identifier: MIT
//
// Addresses that DHCP's client brings (RFC 2131), which is lwIP's: they enter
// the list of their link, with a default route.

#include <lwip/dhcp.h>
#include <net/address.h>
#include <net/route_table.h>
#include <net/server.h>

static struct link_address *leased_address(const struct net_link *link)
{
    struct link_address *address;

    list_for_each(address, &link->addresses, node) {
        if (address->leased)
            return address;
    }
    return NULL;
}

static void add_lease(struct net_link *link)
{
    // How long it lasts, lwIP knows (address_lifetime).
    struct link_address lease = {.leased = true, .preferred = 0, .valid = 0};
    struct route gateway = {.type = RTN_UNICAST,
                            .protocol = RTPROT_DHCP,
                            .table = RT_TABLE_MAIN,
                            .link = link};
    const struct netif *netif = &link->netif;

    ip_addr_copy(lease.ip, netif->ip_addr);
    ip_addr_copy(lease.peer, netif->ip_addr);
    lease.prefix = __builtin_popcount(ip_2_ip4(&netif->netmask)->addr);
    ip_addr_set_ip4_u32(&lease.broadcast,
                        ip_2_ip4(&lease.ip)->addr | ~ip4_mask_of(lease.prefix));
    (void)address_add(link, &lease);
    ip_addr_set_zero_ip4(&gateway.to);
    ip_addr_set_zero_ip4(&gateway.source);
    ip_addr_copy(gateway.gateway, netif->gw);
    if (!ip_addr_isany(&gateway.gateway))
        (void)route_add(&gateway, ROUTE_APPEND);
}

void address_lease_changed(struct net_link *link)
{
    struct link_address *old = leased_address(link);
    bool bound = dhcp_supplied_address(&link->netif);

    if (old && bound && ip_addr_eq(&old->ip, &link->netif.ip_addr))
        return;
    if (old) {
        old->leased = false;  // the client goes on
        address_remove(old);
    }
    if (bound)
        add_lease(link);
}

uint32_t address_lease_lifetime(const struct net_link *link)
{
    const struct dhcp *dhcp = netif_dhcp_data(&link->netif);
    uint32_t used = dhcp->lease_used;

    return used < dhcp->t0_timeout
               ? (dhcp->t0_timeout - used) * DHCP_COARSE_TIMER_SECS
               : 0;
}
