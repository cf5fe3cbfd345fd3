// SPDX-License-Identifier: MIT
//
// ip: shows and changes the network, in the words of iproute2's ip(8) as far as
// these go, with the ioctls of netdevice(7).
//
//     ip [addr | link | route | neigh] [show]
//     ip addr {add | del} ADDRESS/PREFIX dev NAME
//     ip link set NAME {up | down | mtu BYTES | name NEW}
//     ip route {add | del} {default | NETWORK/PREFIX} [via GATEWAY] [dev NAME]
//                          [metric N]
//     ip neigh {add | del} ADDRESS [lladdr MAC] dev NAME

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "ip.h"

int control;

bool ask(const char *name, unsigned long request, struct ifreq *answer)
{
    memset(answer, 0, sizeof(*answer));
    snprintf(answer->ifr_name, sizeof(answer->ifr_name), "%s", name);
    return ioctl(control, request, answer) == 0;
}

struct in_addr address_of(const struct ifreq *answer)
{
    struct sockaddr_in address;

    memcpy(&address, &answer->ifr_addr, sizeof(address));
    return address.sin_addr;
}

void list_addresses(struct ifconf *list)
{
    *list = (struct ifconf){0};
    if (ioctl(control, SIOCGIFCONF, list) < 0)
        err(1, "SIOCGIFCONF");
    list->ifc_req = malloc(list->ifc_len + 1);
    if (!list->ifc_req)
        err(1, "malloc");
    if (ioctl(control, SIOCGIFCONF, list) < 0)
        err(1, "SIOCGIFCONF");
}

void usage(void)
{
    fprintf(stderr,
            "usage: ip [addr | link | route | neigh] [show]\n"
            "       ip addr {add | del} ADDRESS/PREFIX dev NAME\n"
            "       ip link set NAME {up | down | mtu BYTES | name NEW}\n"
            "       ip route {add | del} {default | NETWORK/PREFIX} "
            "[via GATEWAY] [dev NAME] [metric N]\n"
            "       ip neigh {add | del} ADDRESS [lladdr MAC] dev NAME\n");
    exit(2);
}

static const struct {
    const char *name;
    void (*show)(void);
    void (*change)(char *words[]);
} subjects[] = {
    {"addr", show_addresses, change_address},
    {"link", show_links, change_link},
    {"route", show_routes, change_route},
    {"neigh", show_neighbours, change_neighbour},
};

#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

int main(int argc, char *argv[])
{
    const char *subject = argc > 1 ? argv[1] : "addr";

    control = socket(AF_INET, SOCK_DGRAM, 0);
    if (control < 0)
        err(1, "socket");
    // A subject may be shortened, and `show` be said, as elsewhere.
    for (size_t i = 0; i < SUBJECTS; i++) {
        if (strncmp(subjects[i].name, subject, strlen(subject)) != 0)
            continue;
        if (argc > 2 && strcmp(argv[2], "show") != 0)
            subjects[i].change(argv + 2);
        else if (argc > 3)
            usage();
        else
            subjects[i].show();
        return 0;
    }
    usage();
}
