// SPDX-License-Identifier: MIT
//
// The numbers under /proc/sys/net that the socket layer goes by.

#pragma once

#include <lib/types.h>

extern int64_t sysctl_somaxconn;                      // net.core
extern int64_t sysctl_optmem_max;                     // bytes
extern int64_t sysctl_rmem_default, sysctl_rmem_max;  // bytes
extern int64_t sysctl_wmem_default, sysctl_wmem_max;
extern int64_t sysctl_tcp_rmem_default;  // net.ipv4
extern int64_t sysctl_tcp_wmem_default;
extern int64_t sysctl_tcp_keepalive_time;  // seconds
extern int64_t sysctl_tcp_keepalive_interval;
extern int64_t sysctl_tcp_keepalive_probes;
extern int64_t sysctl_tcp_fin_timeout;      // seconds
extern int64_t sysctl_tcp_max_syn_backlog;  // handshakes of a listener
extern int64_t sysctl_tcp_max_tw_buckets;
extern int64_t sysctl_tcp_synack_retries;
extern int64_t sysctl_ipfrag_time, sysctl_ip6frag_time;
extern int64_t sysctl_tcp_retries2, sysctl_tcp_syn_retries;
