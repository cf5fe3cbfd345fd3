// SPDX-License-Identifier: MIT
//
// /proc/net/igmp and igmp6: the groups of interfaces, as netstat -g and
// `ip maddr` read them.

#include <fs/proc.h>
#include <net/multicast.h>
#include <net/server.h>

static unsigned count_groups(const struct net_link *link)
{
    const struct group_use *use = NULL;
    unsigned n = 1;  // 224.0.0.1

    while ((use = group_next(use)))
        n += use->interface == link_index(link) && IP_IS_V4_VAL(use->group);
    return n;
}

static void print_group(struct text *text, uint32_t group, unsigned users)
{
    text_printf(text, "\t\t\t\t%08X %5u 0:00000000\t\t0\n", group, users);
}

static void show_igmp(struct text *text)
{
    struct net_link *link;

    text_printf(text, "Idx\tDevice    : Count Querier\tGroup    Users Timer\t"
                      "Reporter\n");
    net_lock();
    list_for_each(link, &NET_SERVER.links, node) {
        const struct group_use *use = NULL;

        text_printf(text, "%u\t%-10s: %5u      V2\n", link_index(link),
                    link->interface->name, count_groups(link));
        while ((use = group_next(use))) {
            if (use->interface == link_index(link) && IP_IS_V4_VAL(use->group))
                print_group(text, ip_addr_get_ip4_u32(&use->group), use->users);
        }
        print_group(text, PP_HTONL(0xe0000001), 1);
    }
    net_unlock();
}
PROC_FILE(net_igmp) = {"net/igmp", show_igmp, NULL};

static void print_group6(struct text *text, const struct net_link *link,
                         const ip6_addr_t *group, unsigned users)
{
    text_printf(text, "%-4u %-15s ", link_index(link), link->interface->name);
    for (unsigned i = 0; i < 4; i++)
        text_printf(text, "%08x", lwip_ntohl(group->addr[i]));
    text_printf(text, " %5u %08X %d\n", users, 0, 0);
}

static void show_igmp6(struct text *text)
{
    struct net_link *link;
    ip6_addr_t all_nodes;

    ip6_addr_set_allnodes_linklocal(&all_nodes);
    net_lock();
    list_for_each(link, &NET_SERVER.links, node) {
        const struct group_use *use = NULL;

        while ((use = group_next(use))) {
            if (use->interface == link_index(link) && IP_IS_V6_VAL(use->group))
                print_group6(text, link, ip_2_ip6(&use->group), use->users);
        }
        print_group6(text, link, &all_nodes, 1);
    }
    net_unlock();
}
PROC_FILE(net_igmp6) = {"net/igmp6", show_igmp6, NULL};
