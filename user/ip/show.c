// SPDX-License-Identifier: MIT
//
// ip show: the interfaces with their addresses or their counters, the routes,
// and the neighbours' hardware addresses. From /proc/net/{dev,route,arp} and
// the ioctls of netdevice(7).

#include <arpa/inet.h>
#include <err.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ip.h"

// One line of /proc/net/dev.
struct counters {
    char name[IFNAMSIZ];
    unsigned long long rx_bytes, rx_packets, rx_errors, rx_dropped;
    unsigned long long tx_bytes, tx_packets, tx_errors, tx_dropped;
};

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "r");

    if (!file)
        err(1, "%s", path);
    return file;
}

static void print_flags(unsigned flags)
{
    static const struct {
        unsigned flag;
        const char *name;
    } names[] = {
        {IFF_LOOPBACK, "LOOPBACK"},   {IFF_BROADCAST, "BROADCAST"},
        {IFF_MULTICAST, "MULTICAST"}, {IFF_PROMISC, "PROMISC"},
        {IFF_NOARP, "NOARP"},         {IFF_UP, "UP"},
        {IFF_RUNNING, "LOWER_UP"},
    };
    const char *comma = "";

    putchar('<');
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (flags & names[i].flag) {
            printf("%s%s", comma, names[i].name);
            comma = ",";
        }
    }
    putchar('>');
}

static void print_link(int number, const char *name)
{
    struct ifreq answer;

    if (ask(name, SIOCGIFINDEX, &answer))
        number = answer.ifr_ifindex;
    printf("%d: %s: ", number, name);
    if (ask(name, SIOCGIFFLAGS, &answer))
        print_flags((unsigned short)answer.ifr_flags);
    if (ask(name, SIOCGIFMTU, &answer))
        printf(" mtu %d", answer.ifr_mtu);
    putchar('\n');
    if (ask(name, SIOCGIFHWADDR, &answer)) {
        const unsigned char *mac = (void *)answer.ifr_hwaddr.sa_data;

        printf("    link/%s %02x:%02x:%02x:%02x:%02x:%02x\n",
               answer.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK ? "loopback"
                                                              : "ether",
               mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    }
}

// Every address of an interface, which has a label of its own: the name, or
// the name, a colon and something.
static void print_addresses(const char *name)
{
    size_t length = strlen(name);
    struct ifconf list;

    list_addresses(&list);
    for (int i = 0; i < list.ifc_len / (int)sizeof(struct ifreq); i++) {
        const char *label = list.ifc_req[i].ifr_name;
        struct ifreq answer;

        if (strncmp(label, name, length) != 0 ||
            (label[length] && label[length] != ':'))
            continue;
        printf("    inet %s", inet_ntoa(address_of(&list.ifc_req[i])));
        if (ask(label, SIOCGIFNETMASK, &answer))
            printf("/%d", __builtin_popcount(address_of(&answer).s_addr));
        if (ask(label, SIOCGIFBRDADDR, &answer) && address_of(&answer).s_addr)
            printf(" brd %s", inet_ntoa(address_of(&answer)));
        printf(" %s\n", label);
    }
    free(list.ifc_req);
}

static void print_counters(const struct counters *c)
{
    printf("    RX %llu bytes, %llu packets, %llu errors, %llu dropped\n",
           c->rx_bytes, c->rx_packets, c->rx_errors, c->rx_dropped);
    printf("    TX %llu bytes, %llu packets, %llu errors, %llu dropped\n",
           c->tx_bytes, c->tx_packets, c->tx_errors, c->tx_dropped);
}

static void show_interfaces(bool addresses)
{
    FILE *file = open_file("/proc/net/dev");
    struct counters c;
    char line[512];
    int number = 0;

    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line,
                   " %15[^: ]: %llu %llu %llu %llu %*u %*u %*u %*u %llu %llu "
                   "%llu %llu",
                   c.name, &c.rx_bytes, &c.rx_packets, &c.rx_errors,
                   &c.rx_dropped, &c.tx_bytes, &c.tx_packets, &c.tx_errors,
                   &c.tx_dropped) != 9)
            continue;  // the two lines of headings
        print_link(++number, c.name);
        if (addresses)
            print_addresses(c.name);
        else
            print_counters(&c);
    }
    fclose(file);
}

void show_addresses(void)
{
    show_interfaces(true);
}

void show_links(void)
{
    show_interfaces(false);
}

static void print_route(const char *name, unsigned destination,
                        unsigned gateway, unsigned mask, unsigned metric)
{
    if (mask == 0)
        printf("default");
    else
        printf("%s/%d", inet_ntoa((struct in_addr){destination}),
               __builtin_popcount(mask));
    if (gateway)
        printf(" via %s", inet_ntoa((struct in_addr){gateway}));
    printf(" dev %s", name);
    if (metric)
        printf(" metric %u", metric);
    putchar('\n');
}

void show_routes(void)
{
    FILE *file = open_file("/proc/net/route");
    unsigned destination, gateway, flags, metric, mask;
    char line[512], name[IFNAMSIZ];

    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%15s %x %x %x %*d %*d %u %x", name, &destination,
                   &gateway, &flags, &metric, &mask) == 6)
            print_route(name, destination, gateway, mask, metric);
    }
    fclose(file);
}

void show_neighbours(void)
{
    FILE *file = open_file("/proc/net/arp");
    char line[512], address[64], hardware[64], name[IFNAMSIZ];
    unsigned flags;

    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%63[0-9.] %*x %x %63s %*s %15s", address, &flags,
                   hardware, name) != 4)
            continue;
        if (flags & ATF_COM)
            printf("%s dev %s lladdr %s %s\n", address, name, hardware,
                   flags & ATF_PERM ? "PERMANENT" : "REACHABLE");
        else
            printf("%s dev %s INCOMPLETE\n", address, name);
    }
    fclose(file);
}
