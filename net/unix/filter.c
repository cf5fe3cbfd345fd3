// SPDX-License-Identifier: MIT
//
// AF_UNIX: filters (net/filter.h) of those who receive whole messages. A
// program sees the message's bytes and nothing else: there are no headers.

#include <net/filter.h>

#include "unix.h"

struct filtered_message {
    struct bpf_packet bpf;
    const struct unix_message *message;
};

static bool load(const struct bpf_packet *bpf, uint32_t offset, void *to,
                 size_t n)
{
    const struct filtered_message *filtered =
        container_of(bpf, struct filtered_message, bpf);
    uint8_t *byte = to;

    if (offset > bpf->length || bpf->length - offset < n)
        return false;
    for (size_t i = 0; i < n; i++)
        byte[i] = unix_message_byte(filtered->message, offset + i);
    return true;
}

static uint32_t know(const struct bpf_packet *bpf, uint32_t what)
{
    (void)bpf;
    return filter_know_machine(what);
}

bool unix_filter(struct unix_socket *to, struct unix_message *m)
{
    struct filtered_message filtered = {
        .bpf = {.length = m->length, .load = load, .know = know}, .message = m};
    uint32_t keep = filter_run_program(&to->socket, &filtered.bpf);

    m->length = MIN(m->length, (size_t)keep);
    return keep > 0;
}
