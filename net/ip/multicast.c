// SPDX-License-Identifier: MIT
//
// See net/multicast.h. lwIP speaks IGMPv2 and MLDv1, which know no sources: an
// interface hears all of a group, and sources are told apart here. lwIP counts
// the users of a group with 8 bits, so it is told of the first and of the last.

#include <abi/errno.h>
#include <lwip/igmp.h>
#include <lwip/mld6.h>
#include <mm/kmalloc.h>
#include <net/multicast.h>
#include <net/server.h>

static struct list_node uses = LIST_INIT(uses);  // (c) struct group_use

const struct group_use *group_next(const struct group_use *use)
{
    const struct list_node *node = use ? use->node.next : uses.next;

    return node == &uses ? NULL : list_entry(node, struct group_use, node);
}

// ---- interfaces ----

// The groups that every machine is in: nobody is told (RFC 2236, 6; RFC 2710,
// 6).
static bool is_everybodys(const ip_addr_t *group)
{
    if (IP_IS_V6(group))
        return ip6_addr_isallnodes_iflocal(ip_2_ip6(group)) ||
               ip6_addr_isallnodes_linklocal(ip_2_ip6(group));
    return ip_addr_get_ip4_u32(group) == PP_HTONL(0xe0000001);
}

static err_t link_join(struct net_link *link, const ip_addr_t *group)
{
    if (is_everybodys(group))
        return ERR_OK;
    return IP_IS_V6(group)
               ? mld6_joingroup_netif(&link->netif, ip_2_ip6(group))
               : igmp_joingroup_netif(&link->netif, ip_2_ip4(group));
}

static void link_leave(struct net_link *link, const ip_addr_t *group)
{
    if (is_everybodys(group))
        return;
    if (IP_IS_V6(group))
        mld6_leavegroup_netif(&link->netif, ip_2_ip6(group));
    else
        igmp_leavegroup_netif(&link->netif, ip_2_ip4(group));
}

static struct group_use *find_use(const ip_addr_t *group, uint32_t interface)
{
    struct group_use *use;

    list_for_each(use, &uses, node) {
        if (use->interface == interface && ip_addr_eq(&use->group, group))
            return use;
    }
    return NULL;
}

static int use_group(struct net_link *link, const ip_addr_t *group)
{
    struct group_use *use = find_use(group, link_index(link));

    if (use) {
        use->users++;
        return 0;
    }
    use = kmalloc(sizeof(*use));
    if (!use)
        return -ENOBUFS;
    if (link_join(link, group) != ERR_OK) {
        kfree(use);
        return -ENOBUFS;
    }
    use->group = *group;
    use->interface = link_index(link);
    use->users = 1;
    list_push_back(&uses, &use->node);
    return 0;
}

static void unuse_group(const ip_addr_t *group, uint32_t interface)
{
    struct group_use *use = find_use(group, interface);
    struct net_link *link = link_by_index(interface);

    if (!use || --use->users > 0)
        return;
    if (link)  // else it is gone, and lwIP's group with it
        link_leave(link, group);
    list_remove(&use->node);
    kfree(use);
}

// ---- sockets ----

static struct membership *find(const struct socket *socket,
                               const ip_addr_t *group, uint32_t interface)
{
    struct membership *m;

    list_for_each(m, &socket->memberships, node) {
        if (m->interface == interface && ip_addr_eq(&m->group, group))
            return m;
    }
    return NULL;
}

static unsigned count_memberships(const struct socket *socket)
{
    struct membership *m;
    unsigned n = 0;

    list_for_each(m, &socket->memberships, node)
        n++;
    return n;
}

// A membership of the group, new or not yet there; see multicast_join.
static int enter(struct socket *socket, const ip_addr_t *group,
                 uint32_t interface, bool include, struct membership **result)
{
    struct net_link *link = link_by_index(interface);

    if (!ip_addr_ismulticast(group))
        return -EINVAL;
    if (!link)
        return -ENODEV;
    *result = find(socket, group, interface);
    if (*result)
        return -EADDRINUSE;
    if (count_memberships(socket) >= GROUPS_MAX)
        return -ENOBUFS;
    struct membership *m = kzalloc(sizeof(*m));
    int error = m ? use_group(link, group) : -ENOBUFS;
    if (error < 0) {
        kfree(m);
        return error;
    }
    m->group = *group;
    m->interface = interface;
    m->include = include;
    list_push_back(&socket->memberships, &m->node);
    *result = m;
    return 0;
}

int multicast_join(struct socket *socket, const ip_addr_t *group,
                   uint32_t interface)
{
    struct membership *m;

    return enter(socket, group, interface, false, &m);
}

static void leave(struct membership *m)
{
    unuse_group(&m->group, m->interface);
    list_remove(&m->node);
    kfree(m);
}

int multicast_leave(struct socket *socket, const ip_addr_t *group,
                    uint32_t interface)
{
    struct membership *m = find(socket, group, interface);

    if (!m)
        return -EADDRNOTAVAIL;
    leave(m);
    return 0;
}

void multicast_leave_all(struct socket *socket)
{
    struct membership *m, *next;

    list_for_each_safe(m, next, &socket->memberships, node)
        leave(m);
}

// ---- sources ----

// The place of a source in the list, or the list's length.
static unsigned source_place(const struct membership *m,
                             const ip_addr_t *source)
{
    unsigned i = 0;

    while (i < m->count && !ip_addr_eq(&m->sources[i], source))
        i++;
    return i;
}

static int add_source(struct membership *m, const ip_addr_t *source)
{
    if (source_place(m, source) < m->count)
        return -EADDRNOTAVAIL;
    if (m->count == SOURCES_MAX)
        return -ENOBUFS;
    m->sources[m->count++] = *source;
    return 0;
}

// A membership for nobody's sources is none.
static int remove_source(struct membership *m, const ip_addr_t *source)
{
    unsigned i = source_place(m, source);

    if (i == m->count)
        return -EADDRNOTAVAIL;
    m->sources[i] = m->sources[--m->count];
    if (m->include && m->count == 0)
        leave(m);
    return 0;
}

int multicast_change_source(struct socket *socket, const ip_addr_t *group,
                            uint32_t interface, const ip_addr_t *source,
                            enum source_change change)
{
    bool include = change == SOURCE_JOIN || change == SOURCE_LEAVE;
    bool add = change == SOURCE_JOIN || change == SOURCE_BLOCK;
    struct membership *m;

    if (!ip_addr_ismulticast(group))
        return -EINVAL;
    if (change == SOURCE_JOIN) {
        int error = enter(socket, group, interface, true, &m);
        if (error < 0 && error != -EADDRINUSE)
            return error;
    } else {
        if (!link_by_index(interface))
            return -ENODEV;
        m = find(socket, group, interface);
    }
    if (!m || (m->include != include && m->count > 0))
        return -EINVAL;
    m->include = include;
    return add ? add_source(m, source) : remove_source(m, source);
}

bool multicast_wanted(const struct socket *socket,
                      const struct arrival *arrival)
{
    const struct membership *m = find(socket, &arrival->to, arrival->interface);

    if (!m)
        return IP_IS_V6_VAL(arrival->to) ? !socket->options.only_own_groups6
                                         : socket->options.ip.multicast_all;
    return (source_place(m, &arrival->from) < m->count) == m->include;
}
