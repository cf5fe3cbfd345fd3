// SPDX-License-Identifier: MIT
//
// The options of an arriving TCP segment (RFC 9293, 3.2; RFC 2018): what lwIP
// must not see is taken out of it, and what lwIP does not read is read here.
// For net/tcp/segment.c.

#include "segment.h"

// RFC 9293, 3.7.1: the segment size of a peer that names none; and the least
// that is sent to one who asks for less (Linux's tcp_min_snd_mss).
#define MSS_DEFAULT 536
#define MSS_LEAST   48

#define TCP_OPTION_SACK 5  // RFC 2018; lwIP only sends it

static uint8_t *option_byte(const struct tcp_options *options, unsigned i)
{
    return i < options->first_length
               ? options->first + i
               : options->second + (i - options->first_length);
}

// Make no-operations of `count` bytes.
static void options_erase(const struct tcp_options *options, unsigned at,
                          unsigned count)
{
    for (unsigned i = at; i < at + count; i++)
        *option_byte(options, i) = LWIP_TCP_OPT_NOP;
}

static void clamp_mss(const struct tcp_options *options, unsigned at)
{
    uint8_t *high = option_byte(options, at + 2);
    uint8_t *low = option_byte(options, at + 3);
    unsigned mss = *high << 8 | *low;

    if (mss < MSS_LEAST)
        mss = mss ? MSS_LEAST : MSS_DEFAULT;
    *high = mss >> 8;
    *low = mss;
}

// The option at `at`: its size, 0 if there is no more.
static unsigned option_size(const struct tcp_options *options, unsigned at)
{
    if (at + 1 > options->length ||
        *option_byte(options, at) == LWIP_TCP_OPT_EOL)
        return 0;
    if (*option_byte(options, at) == LWIP_TCP_OPT_NOP)
        return 1;
    if (at + 2 > options->length)
        return 0;
    unsigned size = *option_byte(options, at + 1);
    return at + size <= options->length ? size : 0;
}

void tcp_options_check_mss(const struct tcp_options *options, bool is_syn)
{
    for (unsigned at = 0, size; (size = option_size(options, at)); at += size) {
        if (*option_byte(options, at) != LWIP_TCP_OPT_MSS ||
            size != LWIP_TCP_OPT_LEN_MSS)
            continue;
        if (is_syn)
            clamp_mss(options, at);
        else
            options_erase(options, at, size);
    }
}

static uint32_t option_word(const struct tcp_options *options, unsigned at)
{
    uint32_t word = 0;

    for (unsigned i = 0; i < sizeof(word); i++)
        word = word << 8 | *option_byte(options, at + i);
    return word;
}

static void read_sack(const struct tcp_options *options, unsigned at,
                      unsigned size, struct tcp_ack *ack)
{
    for (unsigned i = 2; i + 8 <= size && ack->blocks < TCP_SACK_BLOCKS;
         i += 8) {
        ack->sack[ack->blocks].left = option_word(options, at + i);
        ack->sack[ack->blocks].right = option_word(options, at + i + 4);
        ack->blocks++;
    }
}

void tcp_options_forget(const struct tcp_options *options)
{
    options_erase(options, 0, options->length);
}

void tcp_options_read_sack(const struct tcp_options *options,
                           struct tcp_ack *ack)
{
    for (unsigned at = 0, size; (size = option_size(options, at)); at += size) {
        if (*option_byte(options, at) == TCP_OPTION_SACK)
            read_sack(options, at, size, ack);
    }
}
