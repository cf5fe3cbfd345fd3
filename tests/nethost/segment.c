// SPDX-License-Identifier: MIT
//
// Segments as text, in and out; see net.h.

#include "net.h"

#include <stdlib.h>
#include <string.h>

struct flow flow = {.peer_ip = PEER_IP,
                    .peer_port = PEER_PORT,
                    .guest_port = GUEST_PORT,
                    .peer_isn = 0x70000000};
static nsec_t event;

static const char flag_letters[] = "FSRP.U";

uint8_t pattern(size_t place)
{
    return place * 7 + place / 251;
}

void mark_event(void)
{
    event = clock_monotonic();
}

double since_event(void)
{
    return (clock_monotonic() - event) / 1e9;
}

// ---- text to segment ----

// One option of "mss 1460,nop,wscale 7,sackOK,TS 1 2,sack 1:2".
static size_t put_option(uint8_t *to, const char *text)
{
    unsigned a, b;

    if (strncmp(text, "nop", 3) == 0) {
        to[0] = 1;
        return 1;
    }
    if (strncmp(text, "sackOK", 6) == 0) {
        to[0] = 4, to[1] = 2;
        return 2;
    }
    if (sscanf(text, "mss %u", &a) == 1) {
        to[0] = 2, to[1] = 4, put16(to + 2, a);
        return 4;
    }
    if (sscanf(text, "wscale %u", &a) == 1) {
        to[0] = 3, to[1] = 3, to[2] = a;
        return 3;
    }
    if (sscanf(text, "TS %u %u", &a, &b) == 2) {
        to[0] = 8, to[1] = 10, put32(to + 2, a), put32(to + 6, b);
        return 10;
    }
    if (sscanf(text, "sack %u:%u", &a, &b) == 2) {
        to[0] = 5, to[1] = 10;
        put32(to + 2, flow.guest_isn + a), put32(to + 6, flow.guest_isn + b);
        return 10;
    }
    host_fail("no such option: %s", text);
}

static size_t put_options(uint8_t *to, const char *text)
{
    size_t n = 0;

    for (const char *at = strchr(text, '<'); at; at = strpbrk(at, ",>")) {
        if (*at == '>')
            break;
        n += put_option(to + n, ++at);
    }
    while (n % 4)
        to[n++] = 1;
    return n;
}

static uint8_t flags_of(const char *text)
{
    uint8_t flags = 0;

    for (; *text && *text != ' '; text++) {
        const char *letter = strchr(flag_letters, *text);
        if (!letter)
            host_fail("no such flag: %s", text);
        flags |= 1 << (letter - flag_letters);
    }
    return flags;
}

// The number after a word; `otherwise` if it is not there.
static unsigned long number_after(const char *text, const char *word,
                                  unsigned long otherwise)
{
    const char *at = strstr(text, word);

    return at ? strtoul(at + strlen(word), NULL, 10) : otherwise;
}

void inject(const char *text)
{
    uint8_t segment[60 + 65536] = {0};
    unsigned first = 0, last = 0, length = 0;

    if (sscanf(strchr(text, ' '), " %u:%u(%u)", &first, &last, &length) != 3)
        host_fail("no sequence numbers: %s", text);
    put16(segment, flow.peer_port);
    put16(segment + 2, flow.guest_port);
    put32(segment + 4, flow.peer_isn + first);
    segment[13] = flags_of(text);
    if (segment[13] & 0x10)
        put32(segment + 8, flow.guest_isn + number_after(text, "ack ", 0));
    put16(segment + 14, number_after(text, "win ", 65535));
    put16(segment + 18, number_after(text, "urg ", 0));
    size_t header = 20 + put_options(segment + 20, text);
    segment[12] = header / 4 << 4;
    for (unsigned i = 0; i < length; i++)
        segment[header + i] = pattern(first - 1 + i);
    uint32_t sum = pseudo_sum(flow.peer_ip, GUEST_IP, 6, header + length);
    put16(segment + 16, ~sum_fold(sum16(sum, segment, header + length)));
    wire_inject_ip(6, segment, header + length);
    mark_event();
}

// ---- segment to text ----

static size_t print_option(char *to, const uint8_t *o)
{
    const char *comma = *to == '<' ? "" : ",";
    size_t n = 0;

    switch (o[0]) {
    case 2:
        return sprintf(to, "mss %u,", get16(o + 2));
    case 3:
        return sprintf(to, "wscale %u,", o[2]);
    case 4:
        return sprintf(to, "sackOK,");
    case 5:
        for (unsigned i = 2; i + 8 <= o[1]; i += 8)
            n += sprintf(to + n, "sack %u:%u,", get32(o + i) - flow.peer_isn,
                         get32(o + i + 4) - flow.peer_isn);
        return n;
    case 8:
        return sprintf(to, "TS %u %u,", get32(o + 2), get32(o + 6));
    default:
        return sprintf(to, "%soption %u,", comma, o[0]);
    }
}

static void print_options(char *to, const uint8_t *o, size_t n)
{
    to += sprintf(to, " <");
    for (size_t i = 0; i < n && o[i];) {
        if (o[i] == 1) {
            i++;
            continue;
        }
        CHECK(i + 1 < n && o[i + 1] >= 2 && i + o[i + 1] <= n);
        to += print_option(to, o + i);
        i += o[i + 1];
    }
    strcpy(to[-1] == ',' ? to - 1 : to, ">");
}

static void check_data(const uint8_t *data, size_t n, uint32_t first)
{
    for (size_t i = 0; i < n; i++)
        if (data[i] != pattern(first - 1 + i))
            host_fail("byte %zu of the stream is not what was written",
                      first - 1 + i);
}

static void print_tcp(char *to, const uint8_t *tcp, size_t n)
{
    size_t header = (tcp[12] >> 4) * 4;
    uint8_t flags = tcp[13];

    CHECK(n >= 20 && header >= 20 && header <= n);
    if ((flags & 2) && !flow.guest_known) {
        flow.guest_isn = get32(tcp + 4);
        flow.guest_port = get16(tcp);
        flow.guest_known = true;
    }
    if (get16(tcp) != flow.guest_port || get16(tcp + 2) != flow.peer_port) {
        sprintf(to, "another connection's: %u to %u", get16(tcp),
                get16(tcp + 2));
        return;
    }
    for (unsigned i = 0; flag_letters[i]; i++)
        if (flags >> i & 1)
            *to++ = flag_letters[i];
    // What answers nothing of a connection has numbers of its own.
    uint32_t first = get32(tcp + 4) - (flow.guest_known ? flow.guest_isn : 0);
    to += sprintf(to, " %u:%u(%zu)", first, (unsigned)(first + n - header),
                  n - header);
    if (flags & 0x10)
        to += sprintf(to, " ack %u", get32(tcp + 8) - flow.peer_isn);
    to += sprintf(to, " win %u", get16(tcp + 14));
    if (header > 20)
        print_options(to, tcp + 20, header - 20);
    check_data(tcp + header, n - header, first);
}

static void check_sums(const uint8_t *ip, size_t n)
{
    uint32_t sum = pseudo_sum(get32(ip + 12), get32(ip + 16), ip[9], n - 20);
    bool fragment = get16(ip + 6) & 0x3fff;

    CHECK_EQ(sum_fold(sum16(0, ip, 20)), 0xffff);
    if (!fragment && (ip[9] == 6 || ip[9] == 17))
        CHECK_EQ(sum_fold(sum16(sum, ip + 20, n - 20)), 0xffff);
    if (!fragment && ip[9] == 1)
        CHECK_EQ(sum_fold(sum16(0, ip + 20, n - 20)), 0xffff);
}

static void print_frame(char *to, const struct frame *frame)
{
    const uint8_t *ip = frame->data + 14;

    if (get16(frame->data + 12) == 0x0806) {
        sprintf(to, "arp %u %08x", get16(ip + 6), get32(ip + 24));
        return;
    }
    if (get16(frame->data + 12) != 0x0800) {
        sprintf(to, "ethernet %04x", get16(frame->data + 12));
        return;
    }
    size_t n = get16(ip + 2);
    CHECK(n <= frame->length - 14 && n >= 20 && ip[0] == 0x45);
    check_sums(ip, n);
    if (ip[9] == 6)
        print_tcp(to, ip + 20, n - 20);
    else if (ip[9] == 1)
        sprintf(to, "icmp %u %u", ip[20], ip[21]);
    else if (ip[9] == 17)
        sprintf(to, "udp %u %u (%zu)", get16(ip + 20), get16(ip + 22), n - 28);
    else
        sprintf(to, "ip %u", ip[9]);
}

// ---- comparing ----

// Is every option of the list in the other one?
static bool has_options(const char *wanted, const char *got)
{
    char one[64], *end;

    for (const char *at = wanted + 1; *at && *at != '>'; at++) {
        snprintf(one, sizeof(one), "%s", at);
        end = strpbrk(one, ",>");
        *end = '\0';
        if (!got || !strstr(got, one))
            return false;
        at += end - one;
        if (*at == '>')
            break;
    }
    return true;
}

// Word by word; "ack 1" is two words that are looked for as one.
static bool matches(const char *wanted, const char *got)
{
    const char *options = strchr(wanted, '<');
    char words[256], *word, *rest;
    size_t flags = strcspn(wanted, " ");

    bool more = flags && wanted[flags - 1] == '*';  // further flags may follow
    flags -= more;
    if (strncmp(wanted, got, flags) != 0 ||
        (!more && got[flags] && got[flags] != ' '))
        return false;
    if (options && !has_options(options, strchr(got, '<')))
        return false;
    snprintf(words, sizeof(words), "%.*s",
             (int)(options ? (size_t)(options - wanted) : strlen(wanted)),
             wanted);
    word = strtok_r(words, " ", &rest);
    while ((word = strtok_r(NULL, " ", &rest))) {
        char piece[80];
        if (strcmp(word, "ack") == 0 || strcmp(word, "win") == 0)
            snprintf(piece, sizeof(piece), " %s %s ", word,
                     strtok_r(NULL, " ", &rest));
        else
            snprintf(piece, sizeof(piece), " %s ", word);
        char line[300];
        snprintf(line, sizeof(line), "%s ", got);
        if (!strstr(line, piece))
            return false;
    }
    return true;
}

const char *next_segment(double seconds)
{
    static char text[400];
    struct frame *frame = wire_take(event + (nsec_t)(seconds * 1e9));

    text[0] = '\0';
    if (frame) {
        print_frame(text, frame);
        event = frame->time;
        free(frame);
    }
    return text;
}

void expect(double from, double to, const char *wanted)
{
    nsec_t before = event;
    const char *got = next_segment(to);
    double after = ((got[0] ? event : clock_monotonic()) - before) / 1e9;

    if (!got[0])
        host_fail("nothing within %.3f s; wanted %s", to, wanted);
    if (!matches(wanted, got))
        host_fail("after %.3f s: %s; wanted %s", after, got, wanted);
    if (after < from)
        host_fail("after %.3f s already: %s", after, got);
}

void expect_now(const char *wanted)
{
    expect(0, 0.001, wanted);
}

void expect_silence(double seconds)
{
    nsec_t before = event;
    const char *got = next_segment(seconds);

    if (got[0])
        host_fail("after %.3f s: %s; wanted silence", (event - before) / 1e9,
                  got);
    mark_event();
}
