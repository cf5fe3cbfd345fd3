// SPDX-License-Identifier: MIT
//
// /proc/sys/net: limits and defaults of sockets, as socket(7) and tcp(7)
// describe them. (ip_local_port_range is in net/ports.c.)

#include <abi/errno.h>
#include <abi/socket.h>
#include <fs/proc.h>
#include <lwip/opt.h>
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

static int parse_retries(const char *value, unsigned *retries)
{
    return sscanf(value, "%u", retries) != 1 || *retries < 1 || *retries > 127
               ? -EINVAL
               : 0;
}

static void show_retries(struct text *text)
{
    text_printf(text, "%u\n", lwip_port_retries);
}

static int store_retries(const char *value)
{
    unsigned retries;
    int error = parse_retries(value, &retries);

    if (error == 0)
        lwip_port_retries = retries;
    return error;
}
PROC_FILE(tcp_retries2) = {"sys/net/ipv4/tcp_retries2", show_retries,
                           store_retries};

// lwIP compares with the number of repetitions after which it gives up at
// once; net/tcp.c lets the last one have its time, so it is one more.
static void show_syn_retries(struct text *text)
{
    text_printf(text, "%u\n", lwip_port_syn_retries - 1);
}

static int store_syn_retries(const char *value)
{
    unsigned retries;
    int error = parse_retries(value, &retries);

    if (error == 0)
        lwip_port_syn_retries = retries + 1;
    return error;
}
PROC_FILE(tcp_syn_retries) = {"sys/net/ipv4/tcp_syn_retries", show_syn_retries,
                              store_syn_retries};

static void show_triple(struct text *text, unsigned min, int64_t value,
                        int64_t max)
{
    text_printf(text, "%u\t%ld\t%ld\n", min, value, max);
}

static void show_tcp_rmem(struct text *text)
{
    show_triple(text, 4096, sysctl_tcp_rmem_default, sysctl_rmem_max);
}

static void show_tcp_wmem(struct text *text)
{
    show_triple(text, 4096, sysctl_tcp_wmem_default, sysctl_wmem_max);
}
PROC_FILE(tcp_rmem) = {"sys/net/ipv4/tcp_rmem", show_tcp_rmem, NULL};
PROC_FILE(tcp_wmem) = {"sys/net/ipv4/tcp_wmem", show_tcp_wmem, NULL};
