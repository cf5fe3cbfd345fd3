// SPDX-License-Identifier: MIT
//
// Classic BPF programs: verified once (net/filter/bpf_verify.c), then run on
// packets (net/filter/bpf_run.c). Neither knows what a packet is made of, so
// that host unit tests compile them; sockets and their filters are in
// net/filter/filter.c.

#pragma once

#include <abi/bpf.h>

// What a program looks at.
struct bpf_packet {
    size_t length;  // bytes in all
    // Copy n (1, 2 or 4) bytes from an offset, which may be one of the negative
    // ranges of abi/bpf.h but SKF_AD_OFF's. False: they are not there, which
    // ends the program.
    bool (*load)(const struct bpf_packet *packet, uint32_t offset, void *to,
                 size_t n);
    // One of SKF_AD_*.
    uint32_t (*know)(const struct bpf_packet *packet, uint32_t what);
};

// May the program run? Then bpf_run ends, and touches nothing but its own
// memory. 0, -EINVAL, -ENOMEM. May sleep for memory.
int bpf_verify(const struct abi_sock_filter *program, size_t length);

// How many bytes of the packet to keep; 0: none of it, drop it. The program has
// been verified.
uint32_t bpf_run(const struct abi_sock_filter *program,
                 const struct bpf_packet *packet);
