// SPDX-License-Identifier: MIT
//
// See net/error_queue.h. A report counts as memory that SO_RCVBUF bounds. The
// socket's pending error follows the first report, as on Linux: whoever has
// taken them all finds none.

#include <abi/errno.h>
#include <abi/inet.h>
#include <abi/poll.h>
#include <mm/kmalloc.h>
#include <net/error_queue.h>
#include <string.h>

struct error_report {
    struct list_node node;  // (s) socket->error_queue
    struct abi_sock_extended_err error;
    struct endpoint destination;  // where the datagram was to go
    struct endpoint offender;     // who sent the message; not of local errors
    bool is_v6;
    size_t length;
    uint8_t data[];  // what the message quotes of the datagram's data
};

static size_t memory_of(const struct error_report *report)
{
    return sizeof(*report) + report->length;
}

static bool is_from_icmp(const struct error_report *report)
{
    return report->error.origin != SO_EE_ORIGIN_LOCAL;
}

static bool wants_reports(const struct socket *socket, const ip_addr_t *to)
{
    return IP_IS_V6(to) ? READ_ONCE(socket->options.receive_errors6)
                        : READ_ONCE(socket->options.ip.receive_errors);
}

// Takes the report.
static void queue(struct socket *socket, struct error_report *report)
{
    bool room;

    WITH_LOCK(&socket->lock) {
        room = socket->receive_memory + memory_of(report) <
               (size_t)socket->options.receive_buffer;
        if (room) {
            socket->receive_memory += memory_of(report);
            list_push_back(&socket->error_queue, &report->node);
        }
    }
    if (room)
        wake_up_events(&socket->wait, POLLERR | POLLPRI);
    else
        kfree(report);
}

bool error_queue_icmp(struct socket *socket, const struct icmp_report *icmp)
{
    struct error_report *report;

    if (!wants_reports(socket, &icmp->peer.ip))
        return false;
    report = kmalloc(sizeof(*report) + icmp->length);
    if (!report)
        return true;
    *report = (struct error_report){.error = {.number = icmp->error->error,
                                              .origin = icmp->is_v6
                                                            ? SO_EE_ORIGIN_ICMP6
                                                            : SO_EE_ORIGIN_ICMP,
                                              .type = icmp->type,
                                              .code = icmp->code,
                                              .info = icmp->info},
                                    .destination = icmp->peer,
                                    .offender = {.ip = icmp->offender},
                                    .is_v6 = icmp->is_v6,
                                    .length = icmp->length};
    memcpy(report->data, icmp->payload, icmp->length);
    queue(socket, report);
    return true;
}

void error_queue_too_long(struct socket *socket, const struct endpoint *to,
                          size_t mtu)
{
    struct error_report *report;

    if (!wants_reports(socket, &to->ip))
        return;
    report = kzalloc(sizeof(*report));
    if (!report)
        return;
    report->error = (struct abi_sock_extended_err){
        .number = EMSGSIZE, .origin = SO_EE_ORIGIN_LOCAL, .info = mtu};
    report->destination = *to;
    report->is_v6 = IP_IS_V6_VAL(to->ip);
    queue(socket, report);
}

// ---- reading ----

static struct error_report *first(struct socket *socket)
{
    struct error_report *report = NULL;

    WITH_LOCK(&socket->lock) {
        if (!list_empty(&socket->error_queue))
            report =
                list_first(&socket->error_queue, struct error_report, node);
    }
    return report;
}

// The item: the error, and behind it the address of who reported it.
static int put_item(struct message *message, const struct socket *socket,
                    const struct error_report *report)
{
    struct {
        struct abi_sock_extended_err error;
        uint8_t offender[sizeof(struct abi_sockaddr_in6)];
    } item = {.error = report->error};
    struct socket_address address;
    size_t length = socket->family == AF_INET6 ? sizeof(struct abi_sockaddr_in6)
                                               : sizeof(struct abi_sockaddr_in);

    if (is_from_icmp(report)) {
        endpoint_to_address(&address, socket, &report->offender);
        memcpy(item.offender, address.data, length);
    }
    length += sizeof(item.error);
    return socket->family == AF_INET6
               ? control_put(message, IPPROTO_IPV6, IPV6_RECVERR, &item, length)
               : control_put(message, IPPROTO_IP, IP_RECVERR, &item, length);
}

// Take the first report off. The pending error becomes that of the next one.
static void remove(struct socket *socket, struct error_report *report)
{
    WITH_LOCK(&socket->lock) {
        list_remove(&report->node);
        socket->receive_memory -= memory_of(report);
        const struct error_report *next =
            list_empty(&socket->error_queue)
                ? NULL
                : list_first(&socket->error_queue, struct error_report, node);
        if (next && is_from_icmp(next))
            socket_set_error(socket, next->error.number);
        else if (is_from_icmp(report))
            socket->error = 0;
    }
    kfree(report);
}

// Receive mutex held.
static ssize_t receive(struct socket *socket, struct message *message)
{
    struct error_report *report = first(socket);

    if (!report)
        return -EAGAIN;
    size_t n = MIN(report->length, message->uio->resid);
    int error = copy_to_uio(message->uio, report->data, n);
    if (error == 0)
        error = put_item(message, socket, report);
    if (error < 0)
        return error;
    if (message->address)
        endpoint_to_address(message->address, socket, &report->destination);
    message->out_flags |= MSG_ERRQUEUE;
    if (n < report->length)
        message->out_flags |= MSG_TRUNC;
    remove(socket, report);
    return n;
}

ssize_t error_queue_receive(struct socket *socket, struct message *message)
{
    mutex_lock(&socket->recv_mutex);
    ssize_t n = receive(socket, message);
    mutex_unlock(&socket->recv_mutex);
    return n;
}

unsigned error_queue_poll(const struct socket *socket)
{
    if (list_empty(&socket->error_queue))
        return 0;
    return POLLERR | (socket->options.select_error_queue ? POLLPRI : 0);
}

void error_queue_clear(struct socket *socket)
{
    struct error_report *report;

    mutex_lock(&socket->recv_mutex);
    while ((report = first(socket)))
        remove(socket, report);
    mutex_unlock(&socket->recv_mutex);
}

void error_queue_free(struct socket *socket)
{
    struct error_report *report;

    while ((report = list_pop_front(&socket->error_queue, struct error_report,
                                    node)))
        kfree(report);
}
