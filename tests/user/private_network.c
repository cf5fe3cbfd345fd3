// SPDX-License-Identifier: MIT
//
// See private_network.h.
#include "harness.h"

#include "private_network.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

void private_network(void)
{
    struct ifreq request = {.ifr_name = "lo"};

    if (on_wharf())
        return;
    if (unshare(CLONE_NEWNET) < 0)
        skip("may not make a network namespace");
    int fd = udp_socket();
    CHECK_OK(ioctl(fd, SIOCGIFFLAGS, &request));
    request.ifr_flags |= IFF_UP;
    CHECK_OK(ioctl(fd, SIOCSIFFLAGS, &request));
    close(fd);
}

int interface_index(const char *name)
{
    struct ifreq request = {0};
    int fd = udp_socket();

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    int error = ioctl(fd, SIOCGIFINDEX, &request);
    close(fd);
    return error < 0 ? 0 : request.ifr_ifindex;
}
