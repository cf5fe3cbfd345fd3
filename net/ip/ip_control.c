// SPDX-License-Identifier: MIT
//
// IP_PKTINFO, IP_TTL, IP_TOS and their kin as ancillary data, ip(7): sent ones
// take the place of the socket's options for one datagram, received ones tell
// how it arrived.

#include <abi/errno.h>
#include <abi/inet.h>
#include <net/ip_control.h>
#include <net/server.h>
#include <net/timestamp.h>

// ---- sending ----

static int sent_packet_info(struct ip_send *how,
                            const struct control_item *item)
{
    const struct abi_in_pktinfo *info = item->data;

    if (item->length != sizeof(*info))
        return -EINVAL;
    if (info->interface)
        how->device = info->interface;
    ip_addr_set_ip4_u32(&how->source, info->local);
    return 0;
}

static int sent_ttl(struct ip_send *how, const struct control_item *item)
{
    int value;
    int error = control_integer(item, &value);

    if (error == 0 && (value < 1 || value > 255))
        error = -EINVAL;
    if (error == 0)
        how->ttl = value;
    return error;
}

// An int, or a byte, as it is received.
static int sent_tos(struct ip_send *how, const struct control_item *item)
{
    int value;

    if (item->length == 1)
        value = *(const uint8_t *)item->data;
    else if (control_integer(item, &value) < 0)
        return -EINVAL;
    if (value < 0 || value > 255)
        return -EINVAL;
    how->tos = value;
    return 0;
}

static int sent_item(struct ip_send *how, const struct control_item *item)
{
    switch (item->type) {
    case IP_PKTINFO:
        return sent_packet_info(how, item);
    case IP_TTL:
        return sent_ttl(how, item);
    case IP_TOS:
        return sent_tos(how, item);
    default:
        return -EINVAL;
    }
}

int ip_control_sent(struct ip_send *how, const struct message *message)
{
    struct control_item item;
    int error = control_check_socket(message);

    control_for_each(item, message)
    {
        if (error == 0 && item.level == IPPROTO_IP)
            error = sent_item(how, &item);
        else if (error == 0 && item.level == IPPROTO_IPV6)
            error = ip6_control_sent_item(how, &item);
    }
    return error;
}

// ---- receiving ----

// The address that an answer would come from: for what was sent to a group or
// to everybody it is the interface's.
static uint32_t answering_address(const struct arrival *arrival)
{
    uint32_t address = ip_addr_get_ip4_u32(&arrival->to);

    net_lock();
    struct net_link *link = link_by_index(arrival->interface);
    if (link && (ip_addr_ismulticast(&arrival->to) ||
                 ip_addr_isbroadcast(&arrival->to, &link->netif)))
        address = netif_ip4_addr(&link->netif)->addr;
    net_unlock();
    return address;
}

static int put_packet_info(struct message *message,
                           const struct arrival *arrival)
{
    struct abi_in_pktinfo info = {.interface = arrival->interface,
                                  .local = answering_address(arrival),
                                  .destination =
                                      ip_addr_get_ip4_u32(&arrival->to)};

    return control_put(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static int put_destination(struct message *message,
                           const struct arrival *arrival)
{
    struct abi_sockaddr_in address = {.family = AF_INET,
                                      .port = lwip_htons(arrival->to_port),
                                      .address =
                                          ip_addr_get_ip4_u32(&arrival->to)};

    return control_put(message, IPPROTO_IP, IP_RECVORIGDSTADDR, &address,
                       sizeof(address));
}

// What any protocol's datagram may tell, of level SOL_SOCKET.
static int put_socket_items(struct message *message, struct socket *socket,
                            const struct packet *packet)
{
    int error = timestamp_put(message, socket, packet->arrival.time);

    if (error == 0 && READ_ONCE(socket->options.tell_drops) && packet->drops)
        error = control_put(message, SOL_SOCKET, SO_RXQ_OVFL, &packet->drops,
                            sizeof(packet->drops));
    return error;
}

static int put_ip4_items(struct message *message, const struct socket *socket,
                         const struct arrival *arrival)
{
    unsigned wanted = READ_ONCE(socket->options.ip.receive);
    int error = 0;

    if (wanted & IP_RECEIVE_PKTINFO)
        error = put_packet_info(message, arrival);
    if (error == 0 && wanted & IP_RECEIVE_TTL)
        error = control_put_integer(message, IPPROTO_IP, IP_TTL, arrival->ttl);
    if (error == 0 && wanted & IP_RECEIVE_TOS)
        error = control_put(message, IPPROTO_IP, IP_TOS, &arrival->tos, 1);
    if (error == 0 && wanted & IP_RECEIVE_ORIGDSTADDR)
        error = put_destination(message, arrival);
    return error;
}

int ip_control_put(struct message *message, struct socket *socket,
                   const struct packet *packet)
{
    int error = put_socket_items(message, socket, packet);

    if (error == 0 && IP_IS_V4_VAL(packet->arrival.from))
        error = put_ip4_items(message, socket, &packet->arrival);
    if (error == 0 && socket->family == AF_INET6)
        error = ip6_control_put(message, socket, &packet->arrival);
    return error;
}
