// SPDX-License-Identifier: MIT
//
// The hash table of TCP's PCBs; net/pcb_table.h says how it is used.

#include <abi/errno.h>
#include <lib/log.h>
#include <lib/random.h>
#include <lwip/priv/tcp_priv.h>
#include <mm/kmalloc.h>
#include <mm/page.h>
#include <net/pcb_table.h>
#include <net/server.h>

// One bucket to 64 KiB of memory: a connection takes a few KiB at least, so
// that the lists stay short whatever the machine can hold.
#define PAGES_PER_BUCKET 16
#define BUCKETS_MIN      256u
#define BUCKETS_MAX      65536u

static struct pcb_bucket *table;
static unsigned buckets;             // (i) a power of two
static uint32_t secret;              // (i) so that no peer can choose a bucket
static struct pcb_bucket *selected;  // (c)
static bool inside;                  // (c) lwIP works on the selected lists

int pcb_table_init(void)
{
    buckets = BUCKETS_MIN;
    while (buckets < BUCKETS_MAX && buckets * PAGES_PER_BUCKET < pages_total())
        buckets *= 2;
    table = kzalloc(buckets * sizeof(*table));
    if (!table)
        return -ENOMEM;
    for (unsigned i = 0; i < buckets; i++)
        list_init(&table[i].busy);
    secret = random_u32();
    return 0;
}

// A round of a multiplicative hash; the constant is 2^32 / the golden ratio.
static uint32_t mix(uint32_t hash, uint32_t word)
{
    hash = (hash ^ word) * 0x9e3779b1u;
    return hash ^ hash >> 15;
}

static uint32_t mix_address(uint32_t hash, const ip_addr_t *address)
{
    const uint32_t *words = ip_2_ip6(address)->addr;

    if (IP_IS_V4_VAL(*address))
        return mix(hash, ip_2_ip4(address)->addr);
    for (unsigned i = 0; i < 4; i++)
        hash = mix(hash, words[i]);
    return hash;
}

struct pcb_bucket *pcb_bucket_of(const struct tcp_flow *flow)
{
    uint32_t hash =
        mix(secret, (uint32_t)flow->local_port << 16 | flow->remote_port);

    hash = mix_address(hash, &flow->remote_ip);
    hash = mix_address(hash, &flow->local_ip);
    return &table[hash & (buckets - 1)];
}

struct pcb_bucket *pcb_table_at(unsigned index)
{
    return index < buckets ? &table[index] : NULL;
}

static struct tcp_flow flow_of(const struct tcp_pcb *pcb)
{
    return (struct tcp_flow){pcb->local_ip, pcb->remote_ip, pcb->local_port,
                             pcb->remote_port};
}

void pcb_select_bucket(struct pcb_bucket *bucket)
{
    struct pcb_bucket *former = selected;

    assert_debug(net_locked());
    if (bucket == former)
        return;
    assert(!inside);
    if (former) {
        former->active = tcp_active_pcbs;
        former->time_wait = tcp_tw_pcbs;
    }
    selected = bucket;
    tcp_active_pcbs = bucket ? bucket->active : NULL;
    tcp_tw_pcbs = bucket ? bucket->time_wait : NULL;
    if (former)
        tcp_timer_rearm(former);
    tcp_timer_set_clock();
}

void pcb_select(const struct tcp_pcb *pcb)
{
    struct pcb_bucket *bucket = NULL;

    if (pcb && pcb->state != LISTEN) {
        struct tcp_flow flow = flow_of(pcb);
        bucket = pcb_bucket_of(&flow);
    }
    pcb_select_bucket(bucket);
}

void pcb_table_enter(void)
{
    inside = true;
}

void pcb_table_leave(void)
{
    inside = false;
}

struct tcp_pcb *pcb_find(const struct tcp_flow *flow)
{
    pcb_select_bucket(pcb_bucket_of(flow));

    struct tcp_pcb *const lists[] = {tcp_active_pcbs, tcp_tw_pcbs};
    for (unsigned i = 0; i < ARRAY_SIZE(lists); i++) {
        for (struct tcp_pcb *pcb = lists[i]; pcb; pcb = pcb->next) {
            if (pcb->local_port == flow->local_port &&
                pcb->remote_port == flow->remote_port &&
                ip_addr_eq(&pcb->local_ip, &flow->local_ip) &&
                ip_addr_eq(&pcb->remote_ip, &flow->remote_ip))
                return pcb;
        }
    }
    return NULL;
}

void pcb_table_adopt(void)
{
    assert(!selected && !tcp_tw_pcbs);
    while (tcp_active_pcbs) {
        struct tcp_pcb *pcb = tcp_active_pcbs;
        struct tcp_pcb *rest = pcb->next;

        tcp_active_pcbs = NULL;
        pcb_select(pcb);
        pcb->next = tcp_active_pcbs;
        tcp_active_pcbs = pcb;
        pcb_select(NULL);
        tcp_active_pcbs = rest;
    }
}

struct tcp_pcb *pcb_next(struct pcb_cursor *cursor)
{
    struct tcp_pcb *pcb = cursor->pcb ? cursor->pcb->next : NULL;

    if (!cursor->pcb) {
        pcb_select(NULL);
        pcb = table[0].active;
    }
    while (!pcb) {
        if (cursor->time_wait)
            cursor->bucket++;
        cursor->time_wait = !cursor->time_wait;
        if (cursor->bucket == buckets)
            break;
        struct pcb_bucket *bucket = &table[cursor->bucket];
        pcb = cursor->time_wait ? bucket->time_wait : bucket->active;
    }
    cursor->pcb = pcb;
    return pcb;
}

// Called by lwIP when an interface's address changes (the linker's --wrap,
// net/lwip/files.mk): it would reset the connections from the old address and
// move the listeners to the new one. On Linux both stay what they are.
void __wrap_tcp_netif_ip_addr_changed(const ip_addr_t *old,
                                      const ip_addr_t *now);
void __wrap_tcp_netif_ip_addr_changed(const ip_addr_t *old,
                                      const ip_addr_t *now)
{
    (void)old, (void)now;
}
