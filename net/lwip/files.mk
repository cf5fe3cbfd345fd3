# SPDX-License-Identifier: MIT
# The files of lwIP that are built, unedited, with the lwipopts.h and arch/cc.h
# of this folder. Paths are relative to LWIP_DIR.

# Functions of lwIP's whose calls go to ours of the name __wrap_NAME.
lwip-wrap := -Wl,--wrap=udp_input -Wl,--wrap=tcp_input -Wl,--wrap=tcp_netif_ip_addr_changed

lwip-y += src/core/altcp.c
lwip-y += src/core/altcp_alloc.c
lwip-y += src/core/altcp_tcp.c
lwip-y += src/core/def.c
lwip-y += src/core/dns.c
lwip-y += src/core/inet_chksum.c
lwip-y += src/core/init.c
lwip-y += src/core/ip.c
lwip-y += src/core/mem.c
lwip-y += src/core/memp.c
lwip-y += src/core/netif.c
lwip-y += src/core/pbuf.c
lwip-y += src/core/raw.c
lwip-y += src/core/stats.c
lwip-y += src/core/sys.c
lwip-y += src/core/tcp.c
lwip-y += src/core/tcp_in.c
lwip-y += src/core/tcp_out.c
lwip-y += src/core/timeouts.c
lwip-y += src/core/udp.c
lwip-y += src/core/ipv4/acd.c
lwip-y += src/core/ipv4/autoip.c
lwip-y += src/core/ipv4/dhcp.c
lwip-y += src/core/ipv4/etharp.c
lwip-y += src/core/ipv4/icmp.c
lwip-y += src/core/ipv4/igmp.c
lwip-y += src/core/ipv4/ip4.c
lwip-y += src/core/ipv4/ip4_addr.c
lwip-y += src/core/ipv4/ip4_frag.c
lwip-y += src/core/ipv6/dhcp6.c
lwip-y += src/core/ipv6/ethip6.c
lwip-y += src/core/ipv6/icmp6.c
lwip-y += src/core/ipv6/inet6.c
lwip-y += src/core/ipv6/ip6.c
lwip-y += src/core/ipv6/ip6_addr.c
lwip-y += src/core/ipv6/ip6_frag.c
lwip-y += src/core/ipv6/mld6.c
lwip-y += src/core/ipv6/nd6.c
lwip-y += src/netif/ethernet.c

# RFC 6528 initial sequence numbers, and the MD5 that they are made with, which
# lwIP keeps among its PPP files.
lwip-y += contrib/addons/tcp_isn/tcp_isn.c
lwip-y += src/netif/ppp/polarssl/md5.c
lwip-md5-cflags := -DPPP_SUPPORT=1 -DLWIP_INCLUDED_POLARSSL_MD5=1
lwip-cflags-contrib/addons/tcp_isn/tcp_isn.c := $(lwip-md5-cflags)
lwip-cflags-src/netif/ppp/polarssl/md5.c := $(lwip-md5-cflags)

