// SPDX-License-Identifier: MIT
//
// /proc/sys/net: limits and defaults of sockets, as socket(7) and tcp(7)
// describe them. (ip_local_port_range is in net/ports.c.)

#include <abi/errno.h>
#include <abi/socket.h>
#include <fs/proc.h>
#include <lwip/opt.h>
#include <net/multicast.h>
#include <net/sysctl.h>
#include <stdio.h>

int64_t sysctl_somaxconn = SOMAXCONN;
int64_t sysctl_optmem_max = 128 * KiB;
int64_t sysctl_rmem_default = 212992, sysctl_rmem_max = 4 * MiB;
int64_t sysctl_wmem_default = 212992, sysctl_wmem_max = 4 * MiB;
int64_t sysctl_tcp_rmem_default = 256 * KiB;
int64_t sysctl_tcp_wmem_default = 256 * KiB;
int64_t sysctl_tcp_keepalive_time = 7200;
int64_t sysctl_tcp_keepalive_interval = 75;
int64_t sysctl_tcp_keepalive_probes = 9;
int64_t sysctl_tcp_fin_timeout = 60;
int64_t sysctl_tcp_max_syn_backlog = 1024;
int64_t sysctl_tcp_max_tw_buckets = 8192;
int64_t sysctl_tcp_synack_retries = 5;
int64_t sysctl_tcp_retries2 = 15;
int64_t sysctl_tcp_syn_retries = 6;
int64_t sysctl_ipfrag_time = 30, sysctl_ip6frag_time = 60;

SYSCTL(net_somaxconn) = {"net/core/somaxconn", &sysctl_somaxconn, 0, INT32_MAX};
SYSCTL(net_optmem_max) = {"net/core/optmem_max", &sysctl_optmem_max, 0,
                          INT32_MAX};
SYSCTL(net_rmem_default) = {"net/core/rmem_default", &sysctl_rmem_default, 2304,
                            INT32_MAX};
SYSCTL(net_rmem_max) = {"net/core/rmem_max", &sysctl_rmem_max, 2304, INT32_MAX};
SYSCTL(net_wmem_default) = {"net/core/wmem_default", &sysctl_wmem_default, 4608,
                            INT32_MAX};
SYSCTL(net_wmem_max) = {"net/core/wmem_max", &sysctl_wmem_max, 4608, INT32_MAX};
SYSCTL(net_keepalive_time) = {"net/ipv4/tcp_keepalive_time",
                              &sysctl_tcp_keepalive_time, 1, 32767};
SYSCTL(net_keepalive_interval) = {"net/ipv4/tcp_keepalive_intvl",
                                  &sysctl_tcp_keepalive_interval, 1, 32767};
SYSCTL(net_keepalive_probes) = {"net/ipv4/tcp_keepalive_probes",
                                &sysctl_tcp_keepalive_probes, 1, 127};

SYSCTL(net_fin_timeout) = {"net/ipv4/tcp_fin_timeout", &sysctl_tcp_fin_timeout,
                           1, 3600};
SYSCTL(net_max_syn_backlog) = {"net/ipv4/tcp_max_syn_backlog",
                               &sysctl_tcp_max_syn_backlog, 1, INT32_MAX};
SYSCTL(net_max_tw_buckets) = {"net/ipv4/tcp_max_tw_buckets",
                              &sysctl_tcp_max_tw_buckets, 0, INT32_MAX};
SYSCTL(net_synack_retries) = {"net/ipv4/tcp_synack_retries",
                              &sysctl_tcp_synack_retries, 1, 127};

SYSCTL(net_retries2) = {"net/ipv4/tcp_retries2", &sysctl_tcp_retries2, 1, 127};
SYSCTL(net_syn_retries) = {"net/ipv4/tcp_syn_retries", &sysctl_tcp_syn_retries,
                           1, 127};

// Seconds for which a datagram waits to become whole (lwIP counts to 255).
SYSCTL(net_ipfrag_time) = {"net/ipv4/ipfrag_time", &sysctl_ipfrag_time, 1, 255};
SYSCTL(net_ip6frag_time) = {"net/ipv6/ip6frag_time", &sysctl_ip6frag_time, 1,
                            255};

// ---- tcp_rmem and tcp_wmem: least, default and largest size of a buffer ----

#define BUFFER_MIN 4096

static void show_triple(struct text *text, int64_t value, int64_t max)
{
    text_printf(text, "%d\t%ld\t%ld\n", BUFFER_MIN, value, max);
}

// The default is what can be chosen; the bounds are written as they are.
static int store_triple(const char *text, int64_t *value, int64_t max)
{
    int64_t least, wanted, most;

    if (sscanf(text, "%ld %ld %ld", &least, &wanted, &most) != 3 ||
        least != BUFFER_MIN || most != max || wanted < least || wanted > most)
        return -EINVAL;
    WRITE_ONCE(*value, wanted);
    return 0;
}

static void show_tcp_rmem(struct text *text)
{
    show_triple(text, sysctl_tcp_rmem_default, sysctl_rmem_max);
}

static int store_tcp_rmem(const char *text)
{
    return store_triple(text, &sysctl_tcp_rmem_default, sysctl_rmem_max);
}
PROC_FILE(tcp_rmem) = {"sys/net/ipv4/tcp_rmem", show_tcp_rmem, store_tcp_rmem};

static void show_tcp_wmem(struct text *text)
{
    show_triple(text, sysctl_tcp_wmem_default, sysctl_wmem_max);
}

static int store_tcp_wmem(const char *text)
{
    return store_triple(text, &sysctl_tcp_wmem_default, sysctl_wmem_max);
}
PROC_FILE(tcp_wmem) = {"sys/net/ipv4/tcp_wmem", show_tcp_wmem, store_tcp_wmem};

// ---- what is so and cannot be changed ----

static void show_on(struct text *text)
{
    text_printf(text, "1\n");
}
PROC_FILE(tcp_timestamps) = {"sys/net/ipv4/tcp_timestamps", show_on, NULL};
PROC_FILE(tcp_sack) = {"sys/net/ipv4/tcp_sack", show_on, NULL};
PROC_FILE(tcp_window_scaling) = {"sys/net/ipv4/tcp_window_scaling", show_on,
                                 NULL};

static void show_off(struct text *text)
{
    text_printf(text, "0\n");
}
PROC_FILE(tcp_syncookies) = {"sys/net/ipv4/tcp_syncookies", show_off, NULL};
PROC_FILE(ip_forward) = {"sys/net/ipv4/ip_forward", show_off, NULL};

static void show_default_ttl(struct text *text)
{
    text_printf(text, "%d\n", IP_DEFAULT_TTL);
}
PROC_FILE(default_ttl) = {"sys/net/ipv4/ip_default_ttl", show_default_ttl,
                          NULL};

static void show_max_memberships(struct text *text)
{
    text_printf(text, "%d\n", GROUPS_MAX);
}
PROC_FILE(max_memberships) = {"sys/net/ipv4/igmp_max_memberships",
                              show_max_memberships, NULL};

static void show_max_sources(struct text *text)
{
    text_printf(text, "%d\n", SOURCES_MAX);
}
PROC_FILE(max_sources) = {"sys/net/ipv4/igmp_max_msf", show_max_sources, NULL};

static void show_reno(struct text *text)
{
    text_printf(text, "reno\n");
}
PROC_FILE(tcp_congestion) = {"sys/net/ipv4/tcp_congestion_control", show_reno,
                             NULL};
PROC_FILE(tcp_available) = {"sys/net/ipv4/tcp_available_congestion_control",
                            show_reno, NULL};
