// SPDX-License-Identifier: MIT
//
// NETLINK_ROUTE: the rules by which routing tables are searched, as
// net/ip/route_table.c does it. They can be read, not changed.

#include <abi/rtnetlink.h>

#include "netlink.h"
#include "rtnl.h"

static const struct rule {
    uint8_t family;
    uint32_t priority, table;
} rules[] = {
    {AF_INET, 0, RT_TABLE_LOCAL},       {AF_INET, 32766, RT_TABLE_MAIN},
    {AF_INET, 32767, RT_TABLE_DEFAULT}, {AF_INET6, 0, RT_TABLE_LOCAL},
    {AF_INET6, 32766, RT_TABLE_MAIN},
};

static bool write_rule(struct netlink_writer *w, const struct rule *rule,
                       const struct netlink_dump *dump)
{
    struct abi_rtmsg *body = netlink_begin(
        w, RTM_NEWRULE, dump->flags, dump->sequence, dump->port, sizeof(*body));

    if (!body)
        return false;
    body->family = rule->family;
    body->table = rule->table;
    body->type = FR_ACT_TO_TBL;
    netlink_put_u32(w, FRA_TABLE, rule->table);
    if (rule->priority)
        netlink_put_u32(w, FRA_PRIORITY, rule->priority);
    return netlink_end(w, body);
}

static bool next_rules(struct netlink_dump *dump, struct netlink_writer *w)
{
    for (; dump->at < ARRAY_SIZE(rules); dump->at++) {
        if (rtnl_family_wanted(dump->family, rules[dump->at].family) &&
            !write_rule(w, &rules[dump->at], dump))
            return true;
    }
    return false;
}
NETLINK_HANDLER(get_rule) = {.type = RTM_GETRULE, .next = next_rules};
