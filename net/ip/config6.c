// SPDX-License-Identifier: MIT
//
// IPv6 addresses of interfaces at their start. Each Ethernet has a link-local
// one made of its hardware address (RFC 4291, appendix A). The boot argument
// ip6=auto (the default) adds what routers advertise (RFC 4862), for the first
// interface ip6=ADDRESS/PREFIX[,GATEWAY] does it by hand, and ip6=none leaves
// it at that.

#include <abi/errno.h>
#include <dev/bootargs.h>
#include <dev/timer.h>
#include <lib/log.h>
#include <lwip/netif.h>
#include <net/ip6.h>
#include <stdlib.h>
#include <string.h>

static struct name_server {
    ip6_addr_t ip;
    nsec_t until;                      // 0: a free place
} name_servers[CONFIG6_NAME_SERVERS];  // (core)

// The server's place, or one for it; NULL: there are enough.
static struct name_server *find_name_server(const ip6_addr_t *ip)
{
    nsec_t now = clock_monotonic();
    struct name_server *free = NULL;

    for (unsigned i = 0; i < CONFIG6_NAME_SERVERS; i++) {
        if (name_servers[i].until && ip6_addr_eq(&name_servers[i].ip, ip))
            return &name_servers[i];
        if (!free && name_servers[i].until <= now)
            free = &name_servers[i];
    }
    return free;
}

void config6_name_server(const ip6_addr_t *ip, uint32_t lifetime)
{
    struct name_server *server = find_name_server(ip);

    if (!server)
        return;
    if (!server->until || !lifetime || !ip6_addr_eq(&server->ip, ip))
        config_names_changed();
    ip6_addr_copy(server->ip, *ip);
    server->until = lifetime ? clock_monotonic() + lifetime * NSEC_PER_SEC : 0;
}

bool config6_get_name_server(unsigned n, ip6_addr_t *server)
{
    for (unsigned i = 0; i < CONFIG6_NAME_SERVERS; i++) {
        if (name_servers[i].until > clock_monotonic() && n-- == 0) {
            *server = name_servers[i].ip;
            return true;
        }
    }
    return false;
}

static void log_address(const struct net_link *link, const char *address,
                        const char *state)
{
    log_line("net: %s has %s%s", link->interface->name, address, state);
}

// An address made of the hardware's, and the route to the others of its kind.
static void make_link_local(struct net_link *link)
{
    struct route6 local = {.to = {.addr = {PP_HTONL(0xfe800000)}},
                           .prefix = 64,
                           .link = link,
                           .metric = 256,
                           .protocol = ROUTE6_KERNEL};
    int error = route6_add(&local);

    if (error < 0 && error != -EEXIST)
        log_line("net: no memory for a route");
    nd_clock_advance();
    netif_create_ip6_linklocal_address(&link->netif, 1);
    netif_set_ip6_autoconfig_enabled(&link->netif, 1);
}

// An Ethernet that came while the machine runs is taken up.
static void link_came_up(struct netif *netif)
{
    if ((netif->flags & NETIF_FLAG_ETHERNET) &&
        ip6_addr_isinvalid(netif_ip6_addr_state(netif, 0)))
        make_link_local(netif->state);
}

// An address has become usable, or turned out to be another's.
static void address_changed(struct netif *netif, int i, uint8_t before)
{
    char text[IP6ADDR_STRLEN_MAX];
    uint8_t state = netif_ip6_addr_state(netif, i);

    address6_name(text, netif_ip6_addr(netif, i));
    if (ip6_addr_ispreferred(state) && ip6_addr_istentative(before))
        log_address(netif->state, text, "");
    else if (ip6_addr_isduplicated(state))
        log_address(netif->state, text, ", but so has somebody else");
}

// netif_ext_callback.
static void netif_changed(struct netif *netif, netif_nsc_reason_t reason,
                          const netif_ext_callback_args_t *args)
{
    if (netif == &NET_SERVER.loopback->netif)
        return;
    if (reason & LWIP_NSC_IPV6_ADDR_STATE_CHANGED)
        address_changed(netif, args->ipv6_addr_state_changed.addr_index,
                        args->ipv6_addr_state_changed.old_state);
    if ((reason & LWIP_NSC_STATUS_CHANGED) && args->status_changed.state)
        link_came_up(netif);
}
static netif_ext_callback_t callback;

// "fd00::2/64,fd00::1". False if it is not of that form.
static bool parse(char *text, ip6_addr_t *address, unsigned *prefix,
                  ip6_addr_t *gateway)
{
    char *comma = strchr(text, ',');
    char *slash = strchr(text, '/');

    ip6_addr_set_zero(gateway);
    *prefix = 64;
    if (comma)
        *comma = '\0';
    if (slash && (!comma || slash < comma)) {
        *slash = '\0';
        *prefix = atoi(slash + 1);
    }
    return *prefix >= 1 && *prefix <= 128 && ip6addr_aton(text, address) &&
           (!comma || ip6addr_aton(comma + 1, gateway));
}

static bool configure_static(struct net_link *link, char *text)
{
    struct route6 route = {
        .link = link, .metric = 1024, .protocol = ROUTE6_BOOT};
    ip6_addr_t address;
    unsigned prefix;

    if (!parse(text, &address, &prefix, &route.gateway) ||
        address6_add(link, &address, prefix) < 0) {
        log_line("net: ip6= is not ADDRESS/PREFIX,GATEWAY; asking routers");
        return false;
    }
    if (!ip6_addr_isany(&route.gateway) && route6_add(&route) < 0)
        log_line("net: no memory for a route");
    return true;
}

static void configure_loopback(struct net_link *link)
{
    ip_addr_t address;

    ip_addr_set_loopback(true, &address);
    ip_addr_copy(link->netif.ip6_addr[0], address);
    link->prefix6[0] = 128;
    netif_ip6_addr_set_state(&link->netif, 0, IP6_ADDR_PREFERRED);
    link->netif.rs_count = 0;
}

void config6_start(struct net_link *link)
{
    char text[96];
    static bool first = true;

    if (link == NET_SERVER.loopback) {
        netif_add_ext_callback(&callback, netif_changed);
        configure_loopback(link);
        return;
    }
    make_link_local(link);
    bool given = first && bootarg_value("ip6", text, sizeof(text));
    first = false;
    if (!given || strcmp(text, "auto") == 0)
        return;
    if (strcmp(text, "none") == 0 || configure_static(link, text)) {
        netif_set_ip6_autoconfig_enabled(&link->netif, 0);
        link->netif.rs_count = 0;
    }
}
