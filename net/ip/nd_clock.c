// SPDX-License-Identifier: MIT
//
// Neighbour discovery's clock. lwIP wants nd6_tmr called each second, for ever:
// it counts down the lifetimes of addresses, prefixes and routers, which last
// for hours. Here the ticks that nothing would see are saved up: they are made
// good when somebody is about to look (nd_clock_advance), and the network
// thread is woken only for the tick at which something will happen.

#include <dev/timer.h>
#include <lwip/nd6.h>
#include <lwip/priv/nd6_priv.h>
#include <net/server.h>

#define FIRST_TICK   (50 * NSEC_PER_MSEC)  // after the start
#define TICK         (ND6_TMR_INTERVAL * NSEC_PER_MSEC)
#define LONGEST_WAIT 3600u  // ticks; what a single catch-up has to run at most

static nsec_t ticked;       // (core) the last tick's time
static nsec_t next;         // (core) when the next one has work, if known
static bool next_is_known;  // (core)
static bool ticking;        // (core) in nd6_tmr, which sends packets

void nd_clock_advance(void)
{
    nsec_t now = clock_monotonic();

    next_is_known = false;
    if (ticking)
        return;
    if (ticked == 0)
        ticked = now - TICK + FIRST_TICK;
    if (now - ticked > (nsec_t)(2 * LONGEST_WAIT) * TICK)
        ticked = now - TICK;  // the machine was stopped
    ticking = true;
    while (now - ticked >= TICK) {
        ticked += TICK;
        nd6_tmr();
    }
    ticking = false;
}

// Ticks until an address has to be looked at again.
static unsigned address_ticks(const struct netif *netif, int i)
{
    unsigned state = netif_ip6_addr_state(netif, i);
    unsigned valid = netif_ip6_addr_valid_life(netif, i);
    unsigned preferred = netif_ip6_addr_pref_life(netif, i);

    if (ip6_addr_isinvalid(state))
        return UINT32_MAX;
    if (ip6_addr_istentative(state))
        return netif_is_up(netif) && netif_is_link_up(netif) ? 1 : UINT32_MAX;
    if (netif_ip6_addr_isstatic(netif, i))
        return UINT32_MAX;
    return state == IP6_ADDR_PREFERRED ? MIN(valid, MAX(preferred, 1u)) : valid;
}

static unsigned netif_ticks(const struct netif *netif)
{
    unsigned ticks = UINT32_MAX;

    if (netif->rs_count > 0 && netif_is_up(netif) && netif_is_link_up(netif) &&
        !ip6_addr_isinvalid(netif_ip6_addr_state(netif, 0)) &&
        !ip6_addr_isduplicated(netif_ip6_addr_state(netif, 0)))
        ticks = 1;
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        ticks = MIN(ticks, address_ticks(netif, i));
    return ticks;
}

// Ticks until one of the tables has to be looked at again. (A reachable
// neighbour becomes a stale one when somebody looks.)
static unsigned table_ticks(void)
{
    unsigned ticks = UINT32_MAX;

    for (int i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++) {
        unsigned state = neighbor_cache[i].state;
        if (state == ND6_INCOMPLETE || state == ND6_DELAY ||
            state == ND6_PROBE || neighbor_cache[i].q)
            return 1;
    }
    for (int i = 0; i < LWIP_ND6_NUM_ROUTERS; i++) {
        if (default_router_list[i].neighbor_entry)
            ticks = MIN(ticks, default_router_list[i].invalidation_timer);
    }
    for (int i = 0; i < LWIP_ND6_NUM_PREFIXES; i++) {
        if (prefix_list[i].netif)
            ticks = MIN(ticks, prefix_list[i].invalidation_timer);
    }
    return ticks;
}

nsec_t nd_clock_next(void)
{
    unsigned ticks;
    struct netif *netif;

    if (next_is_known)
        return next;
    ticks = table_ticks();
    NETIF_FOREACH(netif)
    {
        ticks = MIN(ticks, netif_ticks(netif));
    }
    next = ticks == UINT32_MAX
               ? NSEC_FOREVER
               : ticked + (nsec_t)MIN(MAX(ticks, 1u), LONGEST_WAIT) * TICK;
    next_is_known = true;
    return next;
}
