// SPDX-License-Identifier: MIT
//
// lwIP's err_t and ICMP's codes as errno.

#include <abi/errno.h>
#include <lib/types.h>
#include <lwip/prot/icmp6.h>
#include <net/errors.h>

int errno_of(err_t error)
{
    static const int table[] = {
        [-ERR_OK] = 0,
        [-ERR_MEM] = ENOBUFS,
        [-ERR_BUF] = ENOBUFS,
        [-ERR_TIMEOUT] = ETIMEDOUT,
        [-ERR_RTE] = ENETUNREACH,
        [-ERR_INPROGRESS] = EINPROGRESS,
        [-ERR_VAL] = EINVAL,
        [-ERR_WOULDBLOCK] = EAGAIN,
        [-ERR_USE] = EADDRINUSE,
        [-ERR_ALREADY] = EALREADY,
        [-ERR_ISCONN] = EISCONN,
        [-ERR_CONN] = ENOTCONN,
        [-ERR_IF] = ENETDOWN,
        [-ERR_ABRT] = ETIMEDOUT,  // lwIP gave up; our own aborts are silent
        [-ERR_RST] = ECONNRESET,
        [-ERR_CLSD] = 0,  // closed in good order
        [-ERR_ARG] = EINVAL,
    };
    unsigned i = -error;

    return i < ARRAY_SIZE(table) ? table[i] : EIO;
}

// RFC 792 and 1812 codes of 'destination unreachable', as Linux maps them.
const struct icmp_errno *icmp_unreachable_errno(uint8_t code)
{
    static const struct icmp_errno table[] = {
        {ENETUNREACH, false},   // 0 net unreachable
        {EHOSTUNREACH, false},  // 1 host unreachable
        {ENOPROTOOPT, true},    // 2 protocol unreachable
        {ECONNREFUSED, true},   // 3 port unreachable
        {EMSGSIZE, false},      // 4 fragmentation needed
        {EOPNOTSUPP, false},    // 5 source route failed
        {ENETUNREACH, true},    // 6 net unknown
        {EHOSTDOWN, true},      // 7 host unknown
        {ENONET, true},         // 8 host isolated
        {ENETUNREACH, true},    // 9 net prohibited
        {EHOSTUNREACH, true},   // 10 host prohibited
        {ENETUNREACH, false},   // 11 net unreachable for this service
        {EHOSTUNREACH, false},  // 12 host unreachable for this service
        {EHOSTUNREACH, true},   // 13 packet filtered
        {EHOSTUNREACH, true},   // 14 precedence violation
        {EHOSTUNREACH, true},   // 15 precedence cut off
    };

    return code < ARRAY_SIZE(table) ? &table[code] : NULL;
}

// RFC 4443's errors, as Linux maps them.
const struct icmp_errno *icmp6_errno(uint8_t type, uint8_t code)
{
    static const struct icmp_errno unreachable[] = {
        {ENETUNREACH, false},   // 0 no route
        {EACCES, true},         // 1 prohibited
        {EHOSTUNREACH, false},  // 2 beyond the scope of the source
        {EHOSTUNREACH, false},  // 3 address unreachable
        {ECONNREFUSED, true},   // 4 port unreachable
        {EACCES, true},         // 5 source failed a policy
        {EACCES, true},         // 6 route to be rejected
    };
    static const struct icmp_errno too_big = {EMSGSIZE, false};
    static const struct icmp_errno time_exceeded = {EHOSTUNREACH, false};
    static const struct icmp_errno parameter = {EPROTO, true};
    static const struct icmp_errno other = {EPROTO, false};

    switch (type) {
    case ICMP6_TYPE_DUR:
        return code < ARRAY_SIZE(unreachable) ? &unreachable[code] : &other;
    case ICMP6_TYPE_PTB:
        return &too_big;
    case ICMP6_TYPE_TE:
        return &time_exceeded;
    case ICMP6_TYPE_PP:
        return &parameter;
    default:
        return NULL;
    }
}
