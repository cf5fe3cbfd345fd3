// SPDX-License-Identifier: MIT
//
// Socket addresses cross the user boundary here, and nowhere else: lengths and
// families are checked, bytes are swapped.

#include <abi/inet.h>
#include <lwip/def.h>
#include <mm/uaccess.h>
#include <net/sockaddr.h>
#include <string.h>

int address_from_user(struct socket_address *to, uaddr from, uint64_t length)
{
    if ((int)length < 0 || length > SOCKADDR_MAX)
        return -EINVAL;
    memset(to, 0, sizeof(*to));
    to->length = length;
    return copy_from_user(to->data, from, length);
}

// The room that the user offers, in *room.
static int user_room(uaddr length, uint32_t *room)
{
    int error = GET_USER(room, length);

    if (error < 0)
        return error;
    return (int32_t)*room < 0 ? -EINVAL : 0;
}

int address_to_user(const struct socket_address *from, uaddr to, uaddr length)
{
    uint32_t room;
    int error = user_room(length, &room);

    if (error < 0)
        return error;
    error = copy_to_user(to, from->data, MIN(room, from->length));
    return error < 0 ? error : PUT_USER(length, from->length);
}

int address_user_check(uaddr to, uaddr length)
{
    uint8_t bytes[SOCKADDR_MAX];
    uint32_t room;
    int error = user_room(length, &room);

    if (error == 0)
        error = PUT_USER(length, room);
    room = MIN(room, sizeof(bytes));
    if (error == 0)
        error = copy_from_user(bytes, to, room);
    return error == 0 ? copy_to_user(to, bytes, room) : error;
}

int endpoint_from_address(struct endpoint *to,
                          const struct socket_address *from)
{
    const struct abi_sockaddr_in *in = (const void *)from->data;

    if (from->length < sizeof(*in))
        return -EINVAL;
    if (in->family != AF_INET)
        return -EAFNOSUPPORT;
    ip_addr_set_ip4_u32(&to->ip, in->address);
    to->port = lwip_ntohs(in->port);
    return 0;
}

int endpoint_to_bind(struct endpoint *to, const struct socket_address *from)
{
    struct socket_address address = *from;
    struct abi_sockaddr_in *in = (void *)address.data;

    if (in->family == AF_UNSPEC && in->address == 0)
        in->family = AF_INET;
    return endpoint_from_address(to, &address);
}

void endpoint_to_address(struct socket_address *to, const struct endpoint *from)
{
    struct abi_sockaddr_in *in = (void *)to->data;

    memset(to, 0, sizeof(*to));
    to->length = sizeof(*in);
    in->family = AF_INET;
    in->port = lwip_htons(from->port);
    in->address = ip_addr_get_ip4_u32(&from->ip);
}
