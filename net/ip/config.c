// SPDX-License-Identifier: MIT
//
// Addresses of interfaces: the boot argument ip=ADDRESS/PREFIX[,GATEWAY[,DNS]]
// or ip=dhcp (the default, RFC 2131) for the first one, DHCP for others. What
// came out is logged, and name servers are written to /etc/resolv.conf by the
// network thread.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <dev/bootargs.h>
#include <fs/file.h>
#include <fs/vfs.h>
#include <lib/log.h>
#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <net/address.h>
#include <net/ip6.h>
#include <net/route_table.h>
#include <net/server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool unpublished;  // (a) there may be other name servers than before

void config_names_changed(void)
{
    WRITE_ONCE(unpublished, true);
}

static int prefix_length(const ip4_addr_t *mask)
{
    return __builtin_popcount(mask->addr);
}

static void log_address(const struct net_link *link, const ip4_addr_t *ip,
                        const ip4_addr_t *mask, const ip4_addr_t *gw)
{
    char address[IP4ADDR_STRLEN_MAX], gateway[IP4ADDR_STRLEN_MAX];

    ip4addr_ntoa_r(ip, address, sizeof(address));
    ip4addr_ntoa_r(gw, gateway, sizeof(gateway));
    log_line("net: %s has %s/%d, gateway %s", link->interface->name, address,
             prefix_length(mask), gateway);
}

// netif_ext_callback: an interface's address in lwIP changed, by DHCP.
static void status_callback(struct netif *netif, netif_nsc_reason_t reason,
                            const netif_ext_callback_args_t *args)
{
    struct net_link *link = netif->state;

    (void)args;
    if (!(reason & (LWIP_NSC_IPV4_SETTINGS_CHANGED | LWIP_NSC_IPV4_ADDR_VALID)))
        return;
    address_lease_changed(link);
    config_names_changed();  // DHCP stores them before the address
    if (dhcp_supplied_address(netif))
        log_address(link, netif_ip4_addr(netif), netif_ip4_netmask(netif),
                    netif_ip4_gw(netif));
}

// Give the link an address, and a default route unless the gateway is 0.
static void configure(struct net_link *link, const ip4_addr_t *ip,
                      const ip4_addr_t *mask, const ip4_addr_t *gw)
{
    struct link_address address = {.preferred = LIFETIME_FOREVER,
                                   .valid = LIFETIME_FOREVER};
    struct route route = {.type = RTN_UNICAST,
                          .protocol = RTPROT_BOOT,
                          .table = RT_TABLE_MAIN,
                          .link = link};

    ip_addr_copy_from_ip4(address.ip, *ip);
    ip_addr_copy_from_ip4(address.peer, *ip);
    ip_addr_set_zero_ip4(&address.broadcast);
    address.prefix = prefix_length(mask);
    if (ip4_addr_isloopback(ip))
        address.scope = RT_SCOPE_HOST;
    else if (address.prefix < 31)
        ip_addr_set_ip4_u32(&address.broadcast, ip->addr | ~mask->addr);
    ip_addr_set_zero_ip4(&route.to);
    ip_addr_set_zero_ip4(&route.source);
    ip_addr_copy_from_ip4(route.gateway, *gw);
    int error = address_add(link, &address);
    if (error == 0 && !ip4_addr_isany(gw))
        error = route_add(&route, ROUTE_EXCLUSIVE);
    if (error < 0)
        log_line("net: %s: error %d", link->interface->name, -error);
}

static netif_ext_callback_t callback;

// "10.0.2.15/24,10.0.2.2,10.0.2.3". False if it is not of that form.
static bool parse_static(char *text, ip4_addr_t *address, ip4_addr_t *mask,
                         ip4_addr_t *gateway, ip4_addr_t *dns)
{
    char *comma = strchr(text, ',');
    char *second = comma ? strchr(comma + 1, ',') : NULL;
    char *slash = strchr(text, '/');
    unsigned prefix = 24;

    ip4_addr_set_zero(gateway);
    ip4_addr_set_zero(dns);
    if (comma)
        *comma = '\0';
    if (second)
        *second = '\0';
    if (slash && slash > text && (!comma || slash < comma)) {
        *slash = '\0';
        prefix = atoi(slash + 1);
    }
    mask->addr = prefix ? lwip_htonl(~0u << (32 - MIN(prefix, 32u))) : 0;
    return prefix <= 32 && ip4addr_aton(text, address) &&
           (!comma || ip4addr_aton(comma + 1, gateway)) &&
           (!second || ip4addr_aton(second + 1, dns));
}

static bool configure_static(struct net_link *link, char *text)
{
    ip4_addr_t address, mask, gateway, dns;

    if (!parse_static(text, &address, &mask, &gateway, &dns)) {
        log_line("net: ip= is not ADDRESS/PREFIX,GATEWAY,DNS; using DHCP");
        return false;
    }
    if (!ip4_addr_isany(&dns)) {
        ip_addr_t server;
        ip_addr_copy_from_ip4(server, dns);
        dns_setserver(0, &server);
    }
    configure(link, &address, &mask, &gateway);
    log_address(link, &address, &mask, &gateway);
    config_names_changed();
    return true;
}

static void configure_loopback(struct net_link *link)
{
    ip4_addr_t address, mask, none = {0};

    IP4_ADDR(&address, 127, 0, 0, 1);
    IP4_ADDR(&mask, 255, 0, 0, 0);
    configure(link, &address, &mask, &none);
}

void config_start(struct net_link *link)
{
    char text[64];
    static bool first = true;

    if (link == NET_SERVER.loopback) {
        configure_loopback(link);
        return;
    }
    if (first)
        netif_add_ext_callback(&callback, status_callback);
    bool given = first && bootarg_value("ip", text, sizeof(text));
    first = false;
    if (given && strcmp(text, "none") == 0)
        return;
    if (given && strcmp(text, "dhcp") != 0 && configure_static(link, text))
        return;
    if (dhcp_start(&link->netif) != ERR_OK)
        log_line("net: %s: no memory for DHCP", link->interface->name);
}

static void write_resolv_conf(const char *text, size_t length)
{
    struct file *file;
    struct uio uio;
    int error = file_open(AT_FDCWD, "/etc/resolv.conf",
                          O_WRONLY | O_CREAT | O_TRUNC, 0644, &file);

    if (error < 0) {
        log_line("net: /etc/resolv.conf: error %d", -error);
        return;
    }
    uio_kernel(&uio, (void *)text, length);
    if (file_write(file, &uio, NULL) < 0)
        log_line("net: /etc/resolv.conf is incomplete");
    file_put(file);
}

// The name servers of IPv6's routers. Core mutex held.
static size_t publish_ipv6(char *text, size_t room)
{
    ip6_addr_t server;
    size_t length = 0;

    for (unsigned i = 0; config6_get_name_server(i, &server); i++) {
        char address[IP6ADDR_STRLEN_MAX];
        address6_name(address, &server);
        length +=
            snprintf(text + length, room - length, "nameserver %s\n", address);
    }
    return length;
}

void config_publish(void)
{
    char text[(DNS_MAX_SERVERS + CONFIG6_NAME_SERVERS) *
              (IPADDR_STRLEN_MAX + 16)];
    size_t length = 0;

    if (!READ_ONCE(unpublished))
        return;
    net_lock();
    unpublished = false;
    for (int i = 0; i < DNS_MAX_SERVERS; i++) {
        char address[IPADDR_STRLEN_MAX];
        if (ip_addr_isany(dns_getserver(i)))
            continue;
        ipaddr_ntoa_r(dns_getserver(i), address, sizeof(address));
        length += snprintf(text + length, sizeof(text) - length,
                           "nameserver %s\n", address);
    }
    length += publish_ipv6(text + length, sizeof(text) - length);
    net_unlock();
    if (length)
        write_resolv_conf(text, length);
}
