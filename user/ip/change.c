// SPDX-License-Identifier: MIT
//
// ip add, del, set. An address beyond an interface's first gets a label of its
// own ("eth0:1"), by which the ioctls know it.

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ip.h"

static void run(unsigned long command, void *argument, const char *what)
{
    if (ioctl(control, command, argument) < 0)
        err(1, "%s", what);
}

static struct ifreq named(const char *name)
{
    struct ifreq request = {0};

    if (!name)
        errx(2, "which interface?");
    if (strlen(name) >= sizeof(request.ifr_name))
        errx(2, "%s: no such interface", name);
    strcpy(request.ifr_name, name);
    return request;
}

static void put_ip(struct sockaddr *to, struct in_addr ip)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = ip};

    memcpy(to, &address, sizeof(address));
}

// "10.0.0.1/24", or without a prefix. The mask is the prefix's.
static void parse_ip(char *word, struct in_addr *ip, struct in_addr *mask)
{
    char *slash = word ? strchr(word, '/') : NULL;
    char *end = "";
    unsigned long prefix = 32;

    if (!word)
        usage();
    if (slash) {
        *slash = '\0';
        prefix = strtoul(slash + 1, &end, 10);
    }
    if (inet_aton(word, ip) == 0 || *end || prefix > 32)
        errx(2, "%s is no address", word);
    mask->s_addr = prefix ? htonl(~0u << (32 - prefix)) : 0;
}

// The word behind a keyword; NULL: it is not there.
static char *word_after(char *words[], const char *keyword)
{
    for (; *words; words++) {
        if (strcmp(*words, keyword) == 0)
            return words[1] ? words[1] : (usage(), NULL);
    }
    return NULL;
}

// `add` or else `del`.
static bool is_add(char *words[])
{
    if (strcmp(words[0], "add") != 0 && strcmp(words[0], "del") != 0)
        usage();
    return strcmp(words[0], "add") == 0;
}

// ---- addresses ----

// A label of the interface that no address has yet.
static struct ifreq free_label(const char *name)
{
    struct ifreq request = named(name), answer;
    size_t room = sizeof(request.ifr_name) - strlen(name);

    for (int i = 1; ask(request.ifr_name, SIOCGIFADDR, &answer); i++) {
        if (snprintf(request.ifr_name + strlen(name), room, ":%d", i) >=
            (int)room)
            errx(1, "%s: too many addresses", name);
    }
    return request;
}

static void add_address(const char *name, struct in_addr ip,
                        struct in_addr mask)
{
    struct ifreq request = free_label(name);

    put_ip(&request.ifr_addr, ip);
    run(SIOCSIFADDR, &request, name);
    put_ip(&request.ifr_netmask, mask);
    run(SIOCSIFNETMASK, &request, name);
}

// The label of an interface's address.
static struct ifreq label_of(const char *name, struct in_addr ip)
{
    struct ifconf list;
    struct ifreq found;

    list_addresses(&list);
    for (int i = 0; i < list.ifc_len / (int)sizeof(struct ifreq); i++) {
        found = list.ifc_req[i];
        if (strncmp(found.ifr_name, name, strlen(name)) == 0 &&
            address_of(&found).s_addr == ip.s_addr) {
            free(list.ifc_req);
            return found;
        }
    }
    errno = EADDRNOTAVAIL;
    err(1, "%s", name);
}

void change_address(char *words[])
{
    const char *name = word_after(words, "dev");
    bool add = is_add(words);
    struct in_addr ip, mask;

    parse_ip(words[1], &ip, &mask);
    named(name);
    if (add) {
        add_address(name, ip, mask);
        return;
    }
    struct ifreq request = label_of(name, ip);
    put_ip(&request.ifr_addr, (struct in_addr){0});
    run(SIOCSIFADDR, &request, name);
}

// ---- links ----

static void set_flag(struct ifreq *request, bool up)
{
    run(SIOCGIFFLAGS, request, request->ifr_name);
    request->ifr_flags =
        up ? request->ifr_flags | IFF_UP : request->ifr_flags & ~IFF_UP;
    run(SIOCSIFFLAGS, request, request->ifr_name);
}

void change_link(char *words[])
{
    struct ifreq request = named(words[1]);
    const char *what = words[1] && words[2] ? words[2] : "";
    const char *value = *what ? words[3] : NULL;

    if (strcmp(words[0], "set") != 0)
        usage();
    if (strcmp(what, "up") == 0 || strcmp(what, "down") == 0) {
        set_flag(&request, strcmp(what, "up") == 0);
    } else if (strcmp(what, "mtu") == 0 && value) {
        request.ifr_mtu = atoi(value);
        run(SIOCSIFMTU, &request, words[1]);
    } else if (strcmp(what, "name") == 0 && value) {
        snprintf(request.ifr_newname, sizeof(request.ifr_newname), "%s", value);
        run(SIOCSIFNAME, &request, words[1]);
    } else {
        usage();
    }
}

// ---- routes and neighbours ----

void change_route(char *words[])
{
    bool add = is_add(words);
    char *gateway = word_after(words, "via");
    const char *metric = word_after(words, "metric");
    struct rtentry route = {.rt_flags = RTF_UP,
                            .rt_dev = word_after(words, "dev")};
    struct in_addr ip = {0}, mask = {0}, unused;

    if (!words[1] || strcmp(words[1], "default") != 0)
        parse_ip(words[1], &ip, &mask);
    put_ip(&route.rt_dst, ip);
    put_ip(&route.rt_genmask, mask);
    if (gateway) {
        parse_ip(gateway, &ip, &unused);
        put_ip(&route.rt_gateway, ip);
        route.rt_flags |= RTF_GATEWAY;
    }
    if (metric)
        route.rt_metric = atoi(metric) + 1;  // 1 more than it is
    run(add ? SIOCADDRT : SIOCDELRT, &route, words[1]);
}

static void parse_mac(const char *word, char *mac)
{
    unsigned byte[6];
    int end = 0;

    if (!word ||
        sscanf(word, "%2x:%2x:%2x:%2x:%2x:%2x%n", &byte[0], &byte[1], &byte[2],
               &byte[3], &byte[4], &byte[5], &end) != 6 ||
        word[end])
        errx(2, "lladdr takes six bytes");
    for (int i = 0; i < 6; i++)
        mac[i] = byte[i];
}

void change_neighbour(char *words[])
{
    const char *name = word_after(words, "dev");
    bool add = is_add(words);
    struct arpreq request = {.arp_flags = ATF_PERM | ATF_COM};
    struct in_addr ip, mask;

    parse_ip(words[1], &ip, &mask);
    put_ip(&request.arp_pa, ip);
    memcpy(request.arp_dev, named(name).ifr_name, sizeof(request.arp_dev));
    request.arp_ha.sa_family = ARPHRD_ETHER;
    if (add)
        parse_mac(word_after(words, "lladdr"), request.arp_ha.sa_data);
    else
        request.arp_flags = 0;
    run(add ? SIOCSARP : SIOCDARP, &request, words[1]);
}
