// SPDX-License-Identifier: MIT
//
// The ioctls of netdevice(7), arp(7) and of routes: what ifconfig, route and
// arp use. Any socket answers them.
#include "harness.h"

#include "private_network.h"
#include "rtnetlink.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/un.h>

static struct ifreq ask_for(const char *name)
{
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    return request;
}

static struct ifreq with_ip(const char *name, const char *ip)
{
    struct ifreq request = ask_for(name);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = inet_addr(ip)};
    memcpy(&request.ifr_addr, &address, sizeof(address));
    return request;
}

static const char *ip_of(const struct ifreq *request)
{
    struct sockaddr_in address;
    memcpy(&address, &request->ifr_addr, sizeof(address));
    CHECK_EQ(address.sin_family, AF_INET);
    return inet_ntoa(address.sin_addr);
}

static const char *get_ip(int fd, unsigned long command, const char *name)
{
    struct ifreq request = ask_for(name);
    CHECK_OK(ioctl(fd, command, &request));
    return ip_of(&request);
}

TEST(any_socket_answers)
{
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    struct ifreq request;
    for (int i = 0; i < 4; i++) {
        int fd = CHECK_OK(socket(families[i], SOCK_DGRAM, 0));
        request = ask_for("lo");
        CHECK_OK(ioctl(fd, SIOCGIFINDEX, &request));
        CHECK_EQ(request.ifr_ifindex, 1);
        CHECK_OK(ioctl(fd, SIOCGIFNAME, &request));
        CHECK_STRING(request.ifr_name, "lo");
        CHECK_OK(ioctl(fd, SIOCGIFMTU, &request));
        CHECK_BETWEEN(request.ifr_mtu, 65535, 65536);
        request = ask_for("nobody");
        CHECK_ERRNO(ioctl(fd, SIOCGIFFLAGS, &request), ENODEV);
        CHECK_ERRNO(ioctl(fd, SIOCGIFFLAGS, bad_pointer()), EFAULT);
    }
}

TEST(what_an_interface_has)
{
    struct ifreq request = ask_for("lo");
    private_network();
    int fd = udp_socket();
    CHECK_OK(ioctl(fd, SIOCGIFHWADDR, &request));
    CHECK_EQ(request.ifr_hwaddr.sa_family, ARPHRD_LOOPBACK);
    CHECK_OK(ioctl(fd, SIOCGIFMETRIC, &request));
    CHECK_EQ(request.ifr_metric, 0);
    CHECK_OK(ioctl(fd, SIOCGIFTXQLEN, &request));
    CHECK_EQ(request.ifr_qlen, 1000);
    CHECK_OK(ioctl(fd, SIOCGIFMAP, &request));
    CHECK_EQ(request.ifr_map.mem_start, 0);
    CHECK_STRING(get_ip(fd, SIOCGIFADDR, "lo"), "127.0.0.1");
    CHECK_STRING(get_ip(fd, SIOCGIFNETMASK, "lo"), "255.0.0.0");
}

TEST(an_alias)
{
    struct ifreq request = with_ip("lo:1", "10.77.0.1");
    private_network();
    int fd = udp_socket();
    CHECK_OK(ioctl(fd, SIOCSIFADDR, &request));
    CHECK_STRING(get_ip(fd, SIOCGIFADDR, "lo:1"), "10.77.0.1");
    CHECK_STRING(get_ip(fd, SIOCGIFNETMASK, "lo:1"), "255.0.0.0");  // class A
    request = with_ip("lo:1", "255.255.255.0");
    CHECK_OK(ioctl(fd, SIOCSIFNETMASK, &request));
    CHECK_STRING(get_ip(fd, SIOCGIFNETMASK, "lo:1"), "255.255.255.0");
    CHECK_STRING(get_ip(fd, SIOCGIFADDR, "lo"), "127.0.0.1");
    request = with_ip("lo:1", "255.0.255.0");
    CHECK_ERRNO(ioctl(fd, SIOCSIFNETMASK, &request), EINVAL);
    request = with_ip("lo:1", "10.77.0.99");
    CHECK_OK(ioctl(fd, SIOCSIFBRDADDR, &request));
    CHECK_STRING(get_ip(fd, SIOCGIFBRDADDR, "lo:1"), "10.77.0.99");
    request = with_ip("lo:2", "255.255.255.0");
    CHECK_ERRNO(ioctl(fd, SIOCSIFNETMASK, &request), EADDRNOTAVAIL);
    request = with_ip("lo:1", "239.0.0.1");
    CHECK_ERRNO(ioctl(fd, SIOCSIFADDR, &request), EINVAL);
    request = ask_for("lo:1");  // down: gone
    CHECK_OK(ioctl(fd, SIOCSIFFLAGS, &request));
    CHECK_ERRNO(ioctl(fd, SIOCGIFADDR, &request), EADDRNOTAVAIL);
}

TEST(list_of_addresses)
{
    struct ifreq requests[16], alias = with_ip("lo:1", "10.77.0.1");
    struct ifconf list = {.ifc_len = 0, .ifc_req = NULL};
    private_network();
    int fd = udp_socket();
    CHECK_OK(ioctl(fd, SIOCGIFCONF, &list));
    int before = list.ifc_len;
    CHECK_EQ(before % sizeof(struct ifreq), 0);
    CHECK_OK(ioctl(fd, SIOCSIFADDR, &alias));
    list = (struct ifconf){.ifc_len = sizeof(requests), .ifc_req = requests};
    CHECK_OK(ioctl(fd, SIOCGIFCONF, &list));
    CHECK_EQ(list.ifc_len, before + (int)sizeof(struct ifreq));
    CHECK_STRING(requests[0].ifr_name, "lo");
    CHECK_STRING(ip_of(&requests[0]), "127.0.0.1");
    CHECK_STRING(requests[1].ifr_name, "lo:1");
    CHECK_STRING(ip_of(&requests[1]), "10.77.0.1");
    list.ifc_len = sizeof(requests[0]);  // as much as there is room for
    CHECK_OK(ioctl(fd, SIOCGIFCONF, &list));
    CHECK_EQ(list.ifc_len, sizeof(requests[0]));
    alias = with_ip("lo:1", "0.0.0.0");  // taken away
    CHECK_OK(ioctl(fd, SIOCSIFADDR, &alias));
    list.ifc_req = NULL;
    CHECK_OK(ioctl(fd, SIOCGIFCONF, &list));
    CHECK_EQ(list.ifc_len, before);
}

TEST(only_root)
{
    pid_t child = fork_child();
    if (child == 0) {
        if (geteuid() == 0)
            CHECK_OK(setuid(65534));
        static const unsigned long commands[] = {
            SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFBRDADDR, SIOCSIFFLAGS,
            SIOCSIFMTU,  SIOCADDRT,      SIOCDELRT,      SIOCSARP,
            SIOCDARP,    SIOCSIFNAME};
        int fd = udp_socket();
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
            char argument[128] = "lo";
            CHECK_ERRNO(ioctl(fd, commands[i], argument), EPERM);
        }
        exit(0);
    }
    wait_child(child);
}

TEST(mtu_and_flags)
{
    char name[IF_NAMESIZE];
    struct ifreq request;
    CHECK(if_indextoname(ethernet(), name) != NULL);
    int fd = udp_socket();
    request = ask_for(name);
    request.ifr_mtu = 1300;
    CHECK_OK(ioctl(fd, SIOCSIFMTU, &request));
    CHECK_OK(ioctl(fd, SIOCGIFMTU, &request));
    CHECK_EQ(request.ifr_mtu, 1300);
    request.ifr_mtu = 10;
    CHECK_ERRNO(ioctl(fd, SIOCSIFMTU, &request), EINVAL);
    request.ifr_mtu = 1500;
    CHECK_OK(ioctl(fd, SIOCSIFMTU, &request));
    CHECK_OK(ioctl(fd, SIOCGIFFLAGS, &request));
    CHECK(request.ifr_flags & IFF_UP);
    CHECK_OK(ioctl(fd, SIOCSIFFLAGS, &request));  // as it is
}

static struct sockaddr ip(const char *dotted)
{
    struct sockaddr result;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = inet_addr(dotted)};
    memcpy(&result, &address, sizeof(result));
    return result;
}

TEST(routes)
{
    char name[IF_NAMESIZE];
    int index = ethernet();
    CHECK(if_indextoname(index, name) != NULL);
    char alias[IF_NAMESIZE];
    snprintf(alias, sizeof(alias), "%.13s:1", name);
    int fd = udp_socket();
    struct ifreq request = with_ip(alias, "192.168.77.1");
    CHECK_OK(ioctl(fd, SIOCSIFADDR, &request));
    struct rtentry route = {.rt_dst = ip("10.78.0.0"),
                            .rt_genmask = ip("255.255.0.0"),
                            .rt_gateway = ip("192.168.77.2"),
                            .rt_flags = RTF_UP | RTF_GATEWAY,
                            .rt_metric = 8};
    CHECK_OK(ioctl(fd, SIOCADDRT, &route));
    CHECK(strstr(read_file("/proc/net/route"),
                 "\t00004E0A\t024DA8C0\t0003\t0\t0\t7\t0000FFFF\t"));
    CHECK_ERRNO(ioctl(fd, SIOCADDRT, &route), EEXIST);
    CHECK_OK(ioctl(fd, SIOCDELRT, &route));
    CHECK_ERRNO(ioctl(fd, SIOCDELRT, &route), ESRCH);
    route.rt_genmask = ip("255.0.255.0");
    CHECK_ERRNO(ioctl(fd, SIOCADDRT, &route), EINVAL);
    route.rt_genmask = ip("255.0.0.0");  // bits behind it
    CHECK_ERRNO(ioctl(fd, SIOCADDRT, &route), EINVAL);
    route.rt_genmask = ip("255.255.0.0");
    route.rt_dev = "nobody";
    CHECK_ERRNO(ioctl(fd, SIOCADDRT, &route), ENODEV);
    route.rt_dev = name;
    route.rt_gateway = ip("203.0.113.1");
    CHECK_ERRNO(ioctl(fd, SIOCADDRT, &route), ENETUNREACH);
    route.rt_dst.sa_family = AF_INET6;
    CHECK_ERRNO(ioctl(fd, SIOCADDRT, &route), EAFNOSUPPORT);
    request = ask_for(alias);
    CHECK_OK(ioctl(fd, SIOCSIFFLAGS, &request));
}

TEST(neighbours)
{
    struct arpreq request = {
        .arp_pa = ip("192.168.77.9"),
        .arp_ha = {.sa_family = ARPHRD_ETHER, .sa_data = "\2\0\0\0\0\7"},
        .arp_flags = ATF_PERM | ATF_COM};
    int index = ethernet();
    char alias[IF_NAMESIZE];
    CHECK(if_indextoname(index, request.arp_dev) != NULL);
    snprintf(alias, sizeof(alias), "%.13s:1", request.arp_dev);
    int fd = udp_socket();
    struct ifreq address = with_ip(alias, "192.168.77.1");
    CHECK_OK(ioctl(fd, SIOCSIFADDR, &address));
    CHECK_ERRNO(ioctl(fd, SIOCGARP, &request), ENXIO);
    CHECK_OK(ioctl(fd, SIOCSARP, &request));
    memset(&request.arp_ha, 0, sizeof(request.arp_ha));
    request.arp_flags = 0;
    CHECK_OK(ioctl(fd, SIOCGARP, &request));
    CHECK_EQ(request.arp_ha.sa_family, ARPHRD_ETHER);
    CHECK_MEMORY(request.arp_ha.sa_data, "\2\0\0\0\0\7", 6);
    CHECK_EQ(request.arp_flags, ATF_PERM | ATF_COM);
    CHECK_OK(ioctl(fd, SIOCDARP, &request));
    CHECK_ERRNO(ioctl(fd, SIOCDARP, &request), ENXIO);
    CHECK_ERRNO(ioctl(fd, SIOCGARP, &request), ENXIO);
    strcpy(request.arp_dev, "nobody");
    CHECK_ERRNO(ioctl(fd, SIOCGARP, &request), ENODEV);
    request.arp_pa.sa_family = AF_INET6;
    CHECK_ERRNO(ioctl(fd, SIOCGARP, &request), EPFNOSUPPORT);
    address = ask_for(alias);
    CHECK_OK(ioctl(fd, SIOCSIFFLAGS, &address));
}
