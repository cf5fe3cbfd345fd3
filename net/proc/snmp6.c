// SPDX-License-Identifier: MIT
//
// /proc/net/snmp6: IPv6's counters under the names of RFC 4293, as far as lwIP
// keeps them apart. It has one set of counters for UDP, in /proc/net/snmp.

#include <fs/proc.h>
#include <lwip/stats.h>
#include <net/server.h>

static void line(struct text *text, const char *name, unsigned value)
{
    text_printf(text, "%-32s\t%u\n", name, value);
}

static void show_snmp6(struct text *text)
{
    const struct stats_proto *ip = &lwip_stats.ip6;
    const struct stats_proto *fragments = &lwip_stats.ip6_frag;
    const struct stats_proto *icmp = &lwip_stats.icmp6;

    net_lock();
    line(text, "Ip6InReceives", ip->recv);
    line(text, "Ip6InHdrErrors", ip->err + ip->lenerr + ip->opterr);
    line(text, "Ip6InUnknownProtos", ip->proterr);
    line(text, "Ip6InDiscards", ip->drop);
    line(text, "Ip6OutForwDatagrams", ip->fw);
    line(text, "Ip6OutRequests", ip->xmit);
    line(text, "Ip6OutNoRoutes", ip->rterr);
    line(text, "Ip6ReasmReqds", fragments->recv);
    line(text, "Ip6ReasmFails", fragments->drop + fragments->err);
    line(text, "Ip6FragCreates", fragments->xmit);
    line(text, "Icmp6InMsgs", icmp->recv);
    line(text, "Icmp6InErrors", icmp->lenerr + icmp->chkerr + icmp->proterr);
    line(text, "Icmp6OutMsgs",
         icmp->xmit + lwip_stats.nd6.xmit + lwip_stats.mld6.xmit);
    line(text, "Icmp6InCsumErrors", icmp->chkerr);
    net_unlock();
}
PROC_FILE(net_snmp6) = {"net/snmp6", show_snmp6, NULL};
