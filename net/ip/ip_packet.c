// SPDX-License-Identifier: MIT
//
// The last step of net/ip_send.h: a packet goes to lwIP's output function. That
// of IPv4 makes no header that forbids fragments, so it gets one of ours (RFC
// 791, 6864). A packet to a group or to everybody comes back as a copy, if this
// machine is among those that it is for (RFC 1112, 6.1; as Linux does for
// broadcasts).

#include <lib/random.h>
#include <lwip/inet_chksum.h>
#include <lwip/ip.h>
#include <lwip/prot/ip4.h>
#include <net/ip_send.h>
#include <net/route.h>
#include <net/server.h>

uint16_t ip_send_identification(void)
{
    static uint16_t number;  // (core)

    if (number == 0)
        number = random_u32();
    return number++;
}

// A packet that nobody may fragment needs no identification (RFC 6864, 4.1).
static void fill_header(struct ip_hdr *ip, const struct ip_send *how,
                        uint8_t protocol, size_t length)
{
    bool whole = how->dont_fragment && length <= how->mtu;

    IPH_VHL_SET(ip, 4, IP_HLEN / 4);
    IPH_TOS_SET(ip, how->tos);
    IPH_LEN_SET(ip, lwip_htons(length));
    IPH_ID_SET(ip, whole ? 0 : lwip_htons(ip_send_identification()));
    IPH_OFFSET_SET(ip, whole ? PP_HTONS(IP_DF) : 0);
    IPH_TTL_SET(ip, how->ttl);
    IPH_PROTO_SET(ip, protocol);
    ip4_addr_copy(ip->src, *ip_2_ip4(&how->source));
    ip4_addr_copy(ip->dest, *ip_2_ip4(&how->to.ip));
    IPH_CHKSUM_SET(ip, 0);
    IPH_CHKSUM_SET(ip, inet_chksum(ip, IP_HLEN));
}

static bool comes_back(const struct ip_send *how)
{
    return how->netif != &NET_SERVER.loopback->netif &&
           (how->multicast_loop || route_is_broadcast(&how->to.ip));
}

static err_t send4(const struct ip_send *how, uint8_t protocol, struct pbuf *p)
{
    struct pbuf *copy = NULL;
    err_t result = ERR_OK;

    if (pbuf_add_header(p, IP_HLEN) != 0)
        return ERR_BUF;
    fill_header(p->payload, how, protocol, p->tot_len);
    if (comes_back(how))
        copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
    if (copy)
        copy->flags |= PBUF_FLAG_MCASTLOOP;  // no forgery: net/ip/ip_check.c
    if (how->ttl > 0)  // else it does not leave this machine
        result = ip4_output_if(p, NULL, LWIP_IP_HDRINCL, 0, 0, 0, how->netif);
    // The copy comes in at the interface by which the packet went out.
    if (copy && (result == ERR_MEM || ip4_input(copy, how->netif) != ERR_OK))
        pbuf_free(copy);
    return result;
}

// A copy with the header that lwIP will put in front of p. NULL: no memory.
static struct pbuf *copy6(const struct ip_send *how, uint8_t protocol,
                          struct pbuf *p)
{
    struct pbuf *copy = pbuf_clone(PBUF_IP, PBUF_RAM, p);

    if (!copy)
        return NULL;
    pbuf_add_header(copy, IP6_HLEN);
    struct ip6_hdr *ip = copy->payload;
    IP6H_VTCFL_SET(ip, 6, how->tos, 0);
    IP6H_PLEN_SET(ip, p->tot_len);
    IP6H_NEXTH_SET(ip, protocol);
    IP6H_HOPLIM_SET(ip, how->ttl);
    ip6_addr_copy_to_packed(ip->src, *ip_2_ip6(&how->source));
    ip6_addr_copy_to_packed(ip->dest, *ip_2_ip6(&how->to.ip));
    return copy;
}

static err_t send6(const struct ip_send *how, uint8_t protocol, struct pbuf *p)
{
    struct pbuf *copy = comes_back(how) ? copy6(how, protocol, p) : NULL;
    err_t result = ERR_OK;

    if (how->ttl > 0)
        result =
            ip6_output_if_src(p, ip_2_ip6(&how->source), ip_2_ip6(&how->to.ip),
                              how->ttl, how->tos, protocol, how->netif);
    if (copy && (result == ERR_MEM || ip6_input(copy, how->netif) != ERR_OK))
        pbuf_free(copy);
    return result;
}

err_t ip_send(const struct ip_send *how, uint8_t protocol, struct pbuf *p)
{
    uint8_t *payload = p->payload;
    err_t result = IP_IS_V6_VAL(how->to.ip) ? send6(how, protocol, p)
                                            : send4(how, protocol, p);

    if (result == ERR_MEM)
        pbuf_remove_header(p, payload - (uint8_t *)p->payload);
    return result;
}
