// SPDX-License-Identifier: MIT
//
// lwIP's cyclic timers (LWIP_TIMERS_CUSTOM), each armed only while it has work,
// so that an idle machine is not woken. net_unlock calls timers_update, since
// work appears only under the core mutex; the network thread runs them.

#include <dev/timer.h>
#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/igmp.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/memp.h>
#include <lwip/mld6.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <lwip/timeouts.h>
#include <net/address.h>
#include <net/neighbour.h>
#include <net/server.h>

// A late timer makes up for this many missed intervals, not more: after a
// pause of the machine, connections shall not all time out at once.
#define CATCH_UP_MAX 20

// Entries of the ARP cache live 300 s after the packet that made them.
#define ARP_LIFE (320 * NSEC_PER_SEC)

static nsec_t arp_active_until;  // (core)

void timers_saw_arp(void)
{
    arp_active_until = clock_monotonic() + ARP_LIFE;
}

static bool reassembly_timer_wanted(void)
{
    return lwip_stats.memp[MEMP_REASSDATA]->used > 0;
}

static bool reassembly6_timer_wanted(void)
{
    return lwip_stats.memp[MEMP_IP6_REASSDATA]->used > 0;
}

// A report to a router is due after a random time.
static bool igmp_timer_wanted(void)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        for (struct igmp_group *group = netif_igmp_data(netif); group;
             group = group->next) {
            if (group->timer > 0)
                return true;
        }
    }
    return false;
}

static bool mld_timer_wanted(void)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        for (struct mld_group *group = netif_mld6_data(netif); group;
             group = group->next) {
            if (group->timer > 0)
                return true;
        }
    }
    return false;
}

static bool arp_timer_wanted(void)
{
    return arp_active_until && clock_monotonic() < arp_active_until;
}

static void arp_timer(void)
{
    etharp_tmr();
    neighbours_scan();
}

static bool dhcp_timer_wanted(void)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        if (netif_dhcp_data(netif))
            return true;
    }
    return false;
}

// The fine timer counts down the time to the next request, if there is one.
static bool dhcp_fine_timer_wanted(void)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        struct dhcp *dhcp = netif_dhcp_data(netif);
        if (dhcp && dhcp->request_timeout > 0)
            return true;
    }
    return false;
}

static struct cyclic_timer {
    nsec_t interval;
    void (*run)(void);
    bool (*wanted)(void);
    nsec_t due;  // (core) 0: not armed
} timers[] = {
    {TCP_TMR_INTERVAL * NSEC_PER_MSEC, tcp_timer_run, tcp_timer_wanted, 0},
    {IP_TMR_INTERVAL * NSEC_PER_MSEC, ip_reass_tmr, reassembly_timer_wanted, 0},
    {IP6_REASS_TMR_INTERVAL * NSEC_PER_MSEC, ip6_reass_tmr,
     reassembly6_timer_wanted, 0},
    {IGMP_TMR_INTERVAL * NSEC_PER_MSEC, igmp_tmr, igmp_timer_wanted, 0},
    {MLD6_TMR_INTERVAL * NSEC_PER_MSEC, mld6_tmr, mld_timer_wanted, 0},
    {ARP_TMR_INTERVAL * NSEC_PER_MSEC, arp_timer, arp_timer_wanted, 0},
    {DHCP_COARSE_TIMER_SECS * NSEC_PER_SEC, dhcp_coarse_tmr, dhcp_timer_wanted,
     0},
    {DHCP_FINE_TIMER_MSECS * NSEC_PER_MSEC, dhcp_fine_tmr,
     dhcp_fine_timer_wanted, 0},
    {NSEC_PER_SEC, address_timer, address_timer_wanted, 0},
};

void timers_run(void)
{
    nsec_t now = clock_monotonic();

    for (unsigned i = 0; i < ARRAY_SIZE(timers); i++) {
        struct cyclic_timer *t = &timers[i];

        if (t->due && t->due + CATCH_UP_MAX * t->interval < now)
            t->due = now - CATCH_UP_MAX * t->interval;
        while (t->due && t->due <= now) {
            t->run();
            t->due = t->wanted() ? t->due + t->interval : 0;
        }
    }
    if (nd_clock_next() <= now)
        nd_clock_advance();
    tcp_timer_run_due();
}

nsec_t timers_update(void)
{
    nsec_t next = MIN(nd_clock_next(), tcp_timer_next_due());

    for (unsigned i = 0; i < ARRAY_SIZE(timers); i++) {
        struct cyclic_timer *t = &timers[i];

        if (!t->due && t->wanted())
            t->due = clock_monotonic() + t->interval;
        if (t->due)
            next = MIN(next, t->due);
    }
    return next;
}

// lwIP tells its timer implementation to start, and when it needs TCP's timer;
// net_unlock sees both by itself. (timeouts.c has the other's empty function.)
void sys_timeouts_init(void)
{
}
