// SPDX-License-Identifier: MIT
//
// NET_SERVER and its thread, which sleeps until a driver notifies it or a
// timer is due, then takes packets in by the batch, runs the timers and lets
// the devices send. See net/server.h for the rules.

#include <lib/linkset.h>
#include <lib/log.h>
#include <lib/random.h>
#include <lwip/init.h>
#include <net/loopback.h>
#include <net/observer.h>
#include <net/pcb_table.h>
#include <net/server.h>
#include <proc/task.h>
#include <tcp_isn.h>

struct net_server NET_SERVER = {
    .core = MUTEX_INIT(NET_SERVER.core, RANK_NET_CORE),
    .links = LIST_INIT(NET_SERVER.links),
    .wait = WAIT_QUEUE_INIT(NET_SERVER.wait),
    .room = WAIT_QUEUE_INIT(NET_SERVER.room),
};

void net_lock(void)
{
    mutex_lock(&NET_SERVER.core);
    tcp_timer_set_clock();
}

static void wake_thread(void)
{
    __atomic_store_n(&NET_SERVER.pending, true, __ATOMIC_RELEASE);
    wake_up(&NET_SERVER.wait);
}

void net_unlock(void)
{
    struct net_link *link;

    // What was sent to this machine arrives before the sender goes on, so the
    // queue of looped frames cannot grow beyond what one call sends.
    while (NET_SERVER.looped) {
        NET_SERVER.looped = false;
        if (link_poll(NET_SERVER.loopback))
            NET_SERVER.looped = true;
    }
    list_for_each(link, &NET_SERVER.links, node) {
        if (link->unflushed) {
            link->unflushed = false;
            link->interface->ops->flush(link->interface);
        }
    }
    pcb_select(NULL);
    bool sooner = timers_update() < NET_SERVER.sleeps_until;
    mutex_unlock(&NET_SERVER.core);
    if (sooner)
        wake_thread();
}

bool net_locked(void)
{
    return mutex_held(&NET_SERVER.core);
}

// net_interface.notify of the loopback, which calls it in send.
static void loopback_notify(struct net_interface *interface)
{
    (void)interface;
    NET_SERVER.looped = true;
}

// net_interface.notify: from a driver's interrupt handler.
void link_notify(struct net_interface *interface)
{
    (void)interface;
    wake_thread();
}

// One pass over interfaces and timers. Returns when to look again.
static nsec_t serve(void)
{
    struct net_link *link;
    bool more = false;

    net_lock();
    __atomic_store_n(&NET_SERVER.pending, false, __ATOMIC_SEQ_CST);
    // Transmissions are reclaimed before timers run: lwIP retransmits no
    // segment that a device still holds.
    list_for_each(link, &NET_SERVER.links, node)
        more |= link_poll(link);
    timers_run();
    pcb_select(NULL);
    nsec_t next = more ? 0 : timers_update();
    NET_SERVER.sleeps_until = next;
    net_unlock();
    return next;
}

static void network_thread(void *unused)
{
    (void)unused;
    for (;;) {
        nsec_t next = serve();
        config_publish();
        if (next == 0) {
            cond_resched();
            continue;
        }
        WAIT_EVENT(&NET_SERVER.wait,
                   __atomic_load_n(&NET_SERVER.pending, __ATOMIC_ACQUIRE), next,
                   false, false);
    }
}

// Attach every interface that a driver registered. Core mutex held.
static void attach_devices(void)
{
    struct net_interface *interface;

    for (unsigned i = 0; (interface = get_net_device(i)) != NULL; i++) {
        struct net_link *link;

        if (interface == &loopback_interface)
            interface->notify = loopback_notify;
        else
            interface->notify = link_notify;
        if (link_attach(interface, &link) < 0) {
            log_line("net: no memory for %s", interface->name);
            continue;
        }
        if (interface == &loopback_interface)
            NET_SERVER.loopback = link;
        netif_set_up(&link->netif);
        observe_link(link, false);
        config_start(link);
        config6_start(link);
    }
}

static int server_start(void)
{
    uint8_t secret[16];
    int error = net_device_register(&loopback_interface);

    if (error < 0)
        return error;
    error = pcb_table_init();
    if (error < 0)
        return error;
    random_bytes(secret, sizeof(secret));
    net_lock();
    lwip_init();
    lwip_init_tcp_isn(random_u32(), secret);
    attach_devices();
    net_unlock();
    link_listen();
    if (!kthread_create("network", network_thread, NULL))
        return -ENOMEM;
    return 0;
}
INITCALL(INIT_NET, server_start);
