// SPDX-License-Identifier: MIT
//
// AF_PACKET: sending. The user's bytes are copied into a pbuf and handed to the
// interface as they are (SOCK_RAW), or behind a link header made of the address
// (SOCK_DGRAM).

#include "socket.h"

#include <abi/errno.h>
#include <lwip/prot/ethernet.h>
#include <net/errors.h>
#include <string.h>

#define VLAN_TAG 4  // a frame may be longer by this than the MTU allows

// Where a message goes.
struct target {
    int32_t index;
    uint16_t protocol;  // network byte order
    bool given;         // by an address
    uint8_t address[ETH_HWADDR_LEN];
};

static int find_target(struct packet_socket *ps, const struct message *message,
                       struct target *target)
{
    const struct abi_sockaddr_ll *to;

    *target = (struct target){0};
    if (!message->address) {
        net_lock();
        target->index = ps->index;
        target->protocol = lwip_htons(ps->protocol);
        net_unlock();
        return 0;
    }
    to = (const void *)message->address->data;
    if (message->address->length < sizeof(*to) || to->family != AF_PACKET ||
        message->address->length <
            to->length + offsetof(struct abi_sockaddr_ll, address))
        return -EINVAL;
    target->index = to->index;
    target->protocol = to->protocol;
    target->given = true;
    memcpy(target->address, to->address, sizeof(target->address));
    return 0;
}

// The link header that frames of this socket get from us.
static size_t added_header(const struct packet_socket *ps,
                           const struct net_link *link)
{
    return ps->socket.type == SOCK_DGRAM && link_address_length(link)
               ? SIZEOF_ETH_HDR
               : 0;
}

// Can the interface take n bytes from the socket? Core mutex held.
static int check_link(const struct packet_socket *ps,
                      const struct net_link *link, const struct target *target,
                      size_t n)
{
    if (!link)
        return -ENXIO;
    if (!netif_is_up(&link->netif))
        return -ENETDOWN;
    bool raw = ps->socket.type == SOCK_RAW;
    size_t header = raw && link_address_length(link) ? SIZEOF_ETH_HDR : 0;
    if (n > link->netif.mtu + header + VLAN_TAG)
        return -EMSGSIZE;
    if (raw && n < MAX(header, (size_t)1))
        return -EINVAL;
    if (!raw && !target->given && link->interface->hardware == ARPHRD_ETHER)
        return -EINVAL;
    return 0;
}

// A pbuf for n bytes of the user behind `header` bytes of ours. 0 or -errno.
static int prepare(struct packet_socket *ps, const struct target *target,
                   size_t n, size_t *header, struct pbuf **p)
{
    net_lock();
    const struct net_link *link = link_by_index(target->index);
    int error = check_link(ps, link, target, n);
    if (error == 0) {
        *header = added_header(ps, link);
        if (*header + n > UINT16_MAX)  // lwIP counts in 16 bits
            error = -EMSGSIZE;
    }
    if (error == 0) {
        *p = pbuf_alloc(PBUF_RAW, *header + n, PBUF_RAM);
        error = *p ? 0 : -ENOBUFS;
    }
    net_unlock();
    return error;
}

static void fill_header(struct pbuf *p, const struct net_link *link,
                        const struct target *target)
{
    struct eth_hdr *header = p->payload;

    memcpy(&header->dest, target->address, ETH_HWADDR_LEN);
    memcpy(&header->src, link->netif.hwaddr, ETH_HWADDR_LEN);
    header->type = target->protocol;
}

// Only a VLAN tag may make a frame longer than others.
static bool is_too_long(const struct net_link *link, const struct pbuf *p)
{
    const struct eth_hdr *ethernet = p->payload;

    if (!link_address_length(link))
        return p->tot_len > link->netif.mtu;
    return p->tot_len > link->netif.mtu + SIZEOF_ETH_HDR &&
           ethernet->type != PP_HTONS(ETHTYPE_VLAN);
}

// `lo` has packets and no frames. What is sent there is seen going and coming,
// and is lwIP's if it is a packet for this machine. Takes p.
static void loop_back(struct packet_socket *ps, struct net_link *link,
                      struct pbuf *p)
{
    const struct eth_hdr *header = p->payload;
    bool ip = header->type == PP_HTONS(ETHTYPE_IP) ||
              header->type == PP_HTONS(ETHTYPE_IPV6);
    bool foreign = link_frame_type(link, &header->dest) == PACKET_OTHERHOST;

    if (packet_tap) {
        packet_tap_deafen(ps);
        packet_tap(link, p, true, true);
        packet_tap_deafen(NULL);
        packet_tap(link, p, true, false);
    }
    if (!ip || foreign || pbuf_remove_header(p, SIZEOF_ETH_HDR) != 0 ||
        link->netif.input(p, &link->netif) != ERR_OK)
        pbuf_free(p);
}

// Hand the frame to the interface. Takes p unless the result is ERR_MEM.
static err_t transmit(struct packet_socket *ps, struct net_link *link,
                      struct pbuf *p)
{
    struct netif *netif = &link->netif;

    if (link == NET_SERVER.loopback) {
        loop_back(ps, link, p);
        return ERR_OK;
    }
    packet_tap_deafen(ps);
    err_t result = netif->linkoutput ? netif->linkoutput(netif, p)
                                     : netif->output(netif, p, NULL);
    packet_tap_deafen(NULL);
    if (result != ERR_MEM)
        pbuf_free(p);
    return result;
}

// One try. -EAGAIN: the link *full (a reference) has no room; only then p is
// the caller's still.
static int send_once(struct packet_socket *ps, const struct target *target,
                     size_t header, struct pbuf *p, struct net_link **full)
{
    err_t result = ERR_OK;

    net_lock();
    struct net_link *link = link_by_index(target->index);
    int error = check_link(ps, link, target, p->tot_len - header);
    if (error == 0 && header)
        fill_header(p, link, target);
    if (error == 0 && is_too_long(link, p))
        error = -EMSGSIZE;
    if (error == 0)
        result = transmit(ps, link, p);
    else
        pbuf_free(p);
    if (result == ERR_MEM && link->stalled) {
        *full = link_get(link);
        error = -EAGAIN;
    } else if (result == ERR_MEM) {
        pbuf_free(p);
    }
    net_unlock();
    return error < 0 ? error : -errno_of(result);
}

// Send, waiting for room in the transmit ring if need be. Takes p.
static int send_frame(struct packet_socket *ps, const struct target *target,
                      size_t header, struct pbuf *p, nsec_t until)
{
    struct net_link *full;

    for (;;) {
        int error = send_once(ps, target, header, p, &full);
        if (error != -EAGAIN)
            return error;
        error = link_wait_for_room(full, until);
        if (error < 0) {
            net_lock();
            pbuf_free(p);
            net_unlock();
            return error;
        }
    }
}

ssize_t packet_send_op(struct socket *socket, struct message *message)
{
    struct packet_socket *ps = packet_socket_of(socket);
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.send_timeout);
    ssize_t length = message->uio->resid;
    struct target target;
    struct pbuf *p;
    size_t header;
    int error = find_target(ps, message, &target);

    if (error == 0)
        error = prepare(ps, &target, length, &header, &p);
    if (error < 0)
        return error;
    error = copy_from_uio(message->uio, (uint8_t *)p->payload + header, length);
    if (error == 0) {
        error = send_frame(ps, &target, header, p, until);
    } else {
        net_lock();
        pbuf_free(p);
        net_unlock();
    }
    return error < 0 ? error : length;
}
