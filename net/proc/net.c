// SPDX-License-Identifier: MIT
//
// /proc/net, as proc(5) and Linux lay it out: interfaces, routes, neighbours,
// and counters (snmp has the MIB of RFC 1213, which lwIP keeps). Sockets are
// in net/proc/sockets.c. The file lwip is ours: what its pools hold.

#include <fs/proc.h>
#include <lwip/memp.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <net/address.h>
#include <net/neighbour.h>
#include <net/pcb_table.h>
#include <net/route_table.h>
#include <net/server.h>

static void show_dev(struct text *text)
{
    struct net_link *link;

    text_printf(text,
                "Inter-|   Receive                                            "
                "    |  Transmit\n"
                " face |bytes    packets errs drop fifo frame compressed "
                "multicast|bytes    packets errs drop fifo colls carrier "
                "compressed\n");
    net_lock();
    list_for_each(link, &NET_SERVER.links, node) {
        struct net_counters c = {0};

        link->interface->ops->counters(link->interface, &c);
        text_printf(text,
                    "%6s: %7lu %7lu %4lu %4lu %4d %5d %10d %9lu %8lu %7lu "
                    "%4lu %4lu %4d %5d %7d %10d\n",
                    link->interface->name, c.rx_bytes, c.rx_packets,
                    c.rx_errors, c.rx_dropped, 0, 0, 0, c.rx_multicast,
                    c.tx_bytes, c.tx_packets, c.tx_errors, c.tx_dropped, 0, 0,
                    0, 0);
    }
    net_unlock();
}
PROC_FILE(net_dev) = {"net/dev", show_dev, NULL};

static unsigned route_flags(const struct route *route)
{
    return RTF_UP | (ip_addr_isany(&route->gateway) ? 0 : RTF_GATEWAY) |
           (route->prefix == 32 ? RTF_HOST : 0) |
           (route->link ? 0 : RTF_REJECT);
}

static void show_route(struct text *text)
{
    const struct route *route;

    text_printf(text, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\t"
                      "Metric\tMask\t\tMTU\tWindow\tIRTT\n");
    net_lock();
    list_for_each(route, &route_table, node) {
        if (route->table != RT_TABLE_MAIN || !IP_IS_V4(&route->to))
            continue;
        text_printf(text,
                    "%s\t%08X\t%08X\t%04X\t%d\t%u\t%u\t%08X\t%d\t%u\t%u\n",
                    route->link ? route->link->interface->name : "*",
                    ip_2_ip4(&route->to)->addr, ip_2_ip4(&route->gateway)->addr,
                    route_flags(route), 0, 0, route->metric,
                    ip4_mask_of(route->prefix), 0, 0, 0);
    }
    net_unlock();
}
PROC_FILE(net_route) = {"net/route", show_route, NULL};

static void show_arp(struct text *text)
{
    struct neighbour n;

    text_printf(text, "IP address       HW type     Flags       HW address     "
                      "       Mask     Device\n");
    net_lock();
    for (unsigned i = 0; neighbour_get(i, &n); i++) {
        char name[IPADDR_STRLEN_MAX];

        if (!IP_IS_V4(&n.ip))
            continue;
        ipaddr_ntoa_r(&n.ip, name, sizeof(name));
        text_printf(text,
                    "%-16s 0x%-10x0x%-10x%02x:%02x:%02x:%02x:%02x:%02x     *"
                    "        %s\n",
                    name, n.link->interface->hardware,
                    n.state == NUD_PERMANENT ? ATF_COM | ATF_PERM : ATF_COM,
                    n.mac[0], n.mac[1], n.mac[2], n.mac[3], n.mac[4], n.mac[5],
                    n.link->interface->name);
    }
    net_unlock();
}
PROC_FILE(net_arp) = {"net/arp", show_arp, NULL};

static unsigned count_established(void)
{
    struct pcb_cursor cursor = {0};
    struct tcp_pcb *pcb;
    unsigned n = 0;

    while ((pcb = pcb_next(&cursor)))
        n += pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT;
    return n;
}

// Two lines for each protocol: the counters' names, then their values. Those
// that lwIP has no counter for are 0.
static void show_snmp(struct text *text)
{
    const struct stats_mib2 *m = &lwip_stats.mib2;

    net_lock();
    text_printf(text,
                "Ip: Forwarding DefaultTTL InReceives InHdrErrors "
                "InAddrErrors ForwDatagrams InUnknownProtos InDiscards "
                "InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout "
                "ReasmReqds ReasmOKs ReasmFails FragOKs FragFails "
                "FragCreates\n"
                "Ip: %d %d %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u "
                "%u\n",
                2, IP_DEFAULT_TTL, m->ipinreceives, m->ipinhdrerrors,
                m->ipinaddrerrors, m->ipforwdatagrams, m->ipinunknownprotos,
                m->ipindiscards, m->ipindelivers, m->ipoutrequests,
                m->ipoutdiscards, m->ipoutnoroutes, IP_REASS_MAXAGE,
                m->ipreasmreqds, m->ipreasmoks, m->ipreasmfails, m->ipfragoks,
                m->ipfragfails, m->ipfragcreates);
    text_printf(text,
                "Icmp: InMsgs InErrors InCsumErrors InDestUnreachs "
                "InTimeExcds InParmProbs InSrcQuenchs InRedirects InEchos "
                "InEchoReps InTimestamps InTimestampReps InAddrMasks "
                "InAddrMaskReps OutMsgs OutErrors OutDestUnreachs OutTimeExcds "
                "OutEchos OutEchoReps\n"
                "Icmp: %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u "
                "%u %u\n",
                m->icmpinmsgs, m->icmpinerrors, lwip_stats.icmp.chkerr,
                m->icmpindestunreachs, m->icmpintimeexcds, m->icmpinparmprobs,
                m->icmpinsrcquenchs, m->icmpinredirects, m->icmpinechos,
                m->icmpinechoreps, m->icmpintimestamps, m->icmpintimestampreps,
                m->icmpinaddrmasks, m->icmpinaddrmaskreps, m->icmpoutmsgs,
                m->icmpouterrors, m->icmpoutdestunreachs, m->icmpouttimeexcds,
                m->icmpoutechos, m->icmpoutechoreps);
    text_printf(text,
                "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens "
                "PassiveOpens AttemptFails EstabResets CurrEstab InSegs "
                "OutSegs RetransSegs InErrs OutRsts InCsumErrors\n"
                "Tcp: %d %d %d %d %u %u %u %u %u %u %u %u %u %u %u\n",
                4, 6 * TCP_TMR_INTERVAL, 128000, -1, m->tcpactiveopens,
                m->tcppassiveopens, m->tcpattemptfails, m->tcpestabresets,
                count_established(), m->tcpinsegs, m->tcpoutsegs,
                m->tcpretranssegs, m->tcpinerrs, m->tcpoutrsts,
                lwip_stats.tcp.chkerr);
    text_printf(text,
                "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors "
                "SndbufErrors InCsumErrors\n"
                "Udp: %u %u %u %u %u %u %u\n",
                m->udpindatagrams, m->udpnoports,
                m->udpinerrors + lwip_stats.udp.memerr, m->udpoutdatagrams,
                lwip_stats.udp.memerr, 0, lwip_stats.udp.chkerr);
    net_unlock();
}
PROC_FILE(net_snmp) = {"net/snmp", show_snmp, NULL};

static const char *const pool_names[] = {
#define LWIP_MEMPOOL(name, number, size, description) #name,
#include <lwip/priv/memp_std.h>
};

// pool, elements in use, the most there were, allocations that failed
static void show_lwip(struct text *text)
{
    net_lock();
    for (int i = 0; i < MEMP_MAX; i++) {
        const struct stats_mem *stats = lwip_stats.memp[i];
        text_printf(text, "%-16s %6u %6u %6u\n", pool_names[i],
                    (unsigned)stats->used, (unsigned)stats->max,
                    (unsigned)stats->err);
    }
    net_unlock();
}
PROC_FILE(net_lwip) = {"net/lwip", show_lwip, NULL};
