// SPDX-License-Identifier: MIT
//
// A bad cable: frames are lost, doubled, delayed, overtaken and damaged by
// given probabilities, and what is sent through it arrives whole all the same.
// At its other end is a mirror, which makes of a packet to the peer one from
// it, so that the guest is both ends of a connection and does not notice. The
// seed (-s) decides who is hit.

#include "net.h"

#include <abi/inet.h>
#include <lib/random.h>
#include <mm/kmalloc.h>
#include <net/socket.h>
#include <proc/task.h>

#define BUFFER  20000
#define MINUTES (60 * NSEC_PER_SEC)

#define DELAY (10 * NSEC_PER_MSEC)  // of every frame

static struct badness {
    unsigned loss, doubling, damage, reorder;  // in thousandths
} bad;

static struct list_node flight = LIST_INIT(flight);  // by time of arrival
static struct wait_queue flight_wait = WAIT_QUEUE_INIT(flight_wait);

static bool happens(unsigned thousandths)
{
    return random_below(1000) < thousandths;
}

static void launch(const struct frame *frame, nsec_t delay)
{
    struct frame *copy = malloc(sizeof(*copy) + frame->length);
    struct frame *at;

    memcpy(copy, frame, sizeof(*copy) + frame->length);
    copy->time = clock_monotonic() + delay;
    struct list_node *before = &flight;
    list_for_each(at, &flight, node) {
        if (at->time > copy->time) {
            before = &at->node;
            break;
        }
    }
    list_push_back(before, &copy->node);
    if (happens(bad.damage))
        copy->data[random_below(copy->length)] ^= 1 << random_below(8);
    wake_up(&flight_wait);
}

// Sums do not change when addresses change places.
static void mirror(uint8_t *data)
{
    uint8_t address[4], *ip = data + 14;

    memcpy(address, ip + 12, 4);
    memcpy(ip + 12, ip + 16, 4);
    memcpy(ip + 16, address, 4);
    memcpy(data + 6, "\x52\x54\0\0\0\2", 6);
    memcpy(data, "\x52\x54\0\0\0\1", 6);
}

static void take(struct frame *frame)
{
    mirror(frame->data);
    if (!happens(bad.loss))
        launch(frame, happens(bad.reorder) ? 2 * DELAY : DELAY);
    if (happens(bad.doubling))
        launch(frame, DELAY);
    free(frame);
}

static bool somebody_arrives(void)
{
    return !list_empty(&flight) &&
           list_first(&flight, struct frame, node)->time <= clock_monotonic();
}

static void cable(void *unused)
{
    (void)unused;
    for (;;) {
        nsec_t next = list_empty(&flight)
                          ? NSEC_FOREVER
                          : list_first(&flight, struct frame, node)->time;
        nsec_t now = clock_monotonic();
        if (next > now) {
            // Woken when one is launched, which may be due earlier.
            wait_event_interruptible_until(
                &flight_wait,
                somebody_arrives() ||
                    (!list_empty(&flight) &&
                     list_first(&flight, struct frame, node)->time < next),
                next);
            continue;
        }
        struct frame *frame = list_pop_front(&flight, struct frame, node);
        wire_inject(frame->data, frame->length);
        free(frame);
    }
}

// ---- who sends and who receives ----

static long send_all(long fd, long n, long unused, long b, long c, long d)
{
    uint8_t data[BUFFER];
    long at = 0;

    (void)unused, (void)b, (void)c, (void)d;
    while (at < n) {
        size_t piece = MIN((size_t)(n - at), 1 + random_below(BUFFER - 1));
        for (size_t i = 0; i < piece; i++)
            data[i] = pattern(at + i);
        CHECK_EQ(sys_write(fd, (uaddr)data, piece), piece);
        at += piece;
    }
    return sys_shutdown(fd, SHUT_WR);
}

static long receive_all(long fd, long n, long unused, long b, long c, long d)
{
    uint8_t data[BUFFER];
    long at = 0, got;

    (void)unused, (void)b, (void)c, (void)d;
    while ((got = CHECK_OK(
                sys_read(fd, (uaddr)data, 1 + random_below(BUFFER - 1)))) > 0) {
        for (long i = 0; i < got; i++)
            if (data[i] != pattern(at + i))
                host_fail("byte %ld of the stream is wrong", at + i);
        at += got;
    }
    CHECK_EQ(at, n);
    return 0;
}

static void start_cable(void)
{
    host_seed = seed_argument * 2 + 1;
    wire.takes = take;
    if (!kthread_create("cable", cable, NULL))
        host_fail("no cable");
}

// Both ends of a connection.
static void connect_two(int fd[2], nsec_t limit)
{
    struct abi_address peer = address_of(PEER_IP, GUEST_PORT);
    int listener = guest_listener(5);

    CHECK_OK(sys_fcntl(listener, F_SETFL, 0));
    struct call *accepting = BEGIN(sys_accept4, listener, 0, 0, 0);
    fd[0] = CHECK_OK(sys_socket(AF_INET, SOCK_STREAM, 0));
    struct call *connecting =
        BEGIN(sys_connect, fd[0], (long)&peer, sizeof(peer));
    CHECK_EQ(call_result(connecting, limit), 0);
    fd[1] = CHECK_OK(call_result(accepting, limit));
    CHECK_OK(sys_close(listener));
}

// n bytes each way at the same time, within so many virtual minutes. The cable
// is good until they are connected: one end may believe that it is when the
// other has given up.
static void transfer(struct badness badness, long n, unsigned minutes)
{
    nsec_t limit = clock_monotonic() + minutes * MINUTES;
    struct call *calls[4];
    int fd[2];

    start_cable();
    connect_two(fd, limit);
    bad = badness;
    for (int i = 0; i < 2; i++) {
        calls[i] = BEGIN(send_all, fd[i], n);
        calls[2 + i] = BEGIN(receive_all, fd[i], n);
    }
    for (int i = 0; i < 4; i++)
        CHECK_EQ(call_result(calls[i], limit), 0);
    for (int i = 0; i < 2; i++)
        CHECK_OK(sys_close(fd[i]));
    // The end of a connection gets through as well.
    host_sleep(10 * MINUTES);
    CHECK_EQ(socket_count, 0);
    CHECK_EQ(host_pages_live(), 0);
}

TEST(a_good_one)
{
    transfer((struct badness){0}, 4 << 20, 2);
}

TEST(loss_of_one_in_a_hundred)
{
    transfer((struct badness){.loss = 10}, 4 << 20, 30);
}

TEST(loss_of_one_in_twenty)
{
    transfer((struct badness){.loss = 50}, 1 << 20, 60);
}

TEST(loss_of_one_in_five)
{
    transfer((struct badness){.loss = 200}, 1 << 17, 180);
}

TEST(one_in_ten_is_overtaken)
{
    transfer((struct badness){.reorder = 100}, 4 << 20, 10);
}

TEST(one_in_a_hundred_is_damaged)
{
    transfer((struct badness){.damage = 10}, 4 << 20, 30);
}

TEST(all_of_it_at_once)
{
    struct badness badness = {
        .loss = 30, .doubling = 20, .damage = 10, .reorder = 100};

    transfer(badness, 1 << 20, 60);
}
