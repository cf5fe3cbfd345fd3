// SPDX-License-Identifier: MIT
//
// net/filter/bpf_verify.c and net/filter/bpf_run.c: each rule of the verifier,
// each instruction, and random programs, whose verdicts and results are
// compared with those of the kernel that the test runs on.

#include "unit.h"

#include <abi/errno.h>
#include <net/bpf.h>
#include <sys/socket.h>
#include <unistd.h>

void *kmalloc(size_t n)
{
    return malloc(n);
}

void kfree(const void *p)
{
    free((void *)p);
}

typedef struct abi_sock_filter insn;

#define STMT(code, k)         ((insn){(code), 0, 0, (k)})
#define JUMP(code, k, jt, jf) ((insn){(code), (jt), (jf), (k)})
#define RETURN(k)             STMT(BPF_RET | BPF_K, k)
#define RETURN_A              STMT(BPF_RET | BPF_A, 0)

// ---- a packet of bytes ----

struct bytes {
    struct bpf_packet packet;
    const uint8_t *data;
};

static bool load_bytes(const struct bpf_packet *packet, uint32_t offset,
                       void *to, size_t n)
{
    const struct bytes *bytes = (const struct bytes *)packet;

    if (offset > packet->length || packet->length - offset < n)
        return false;
    memcpy(to, bytes->data + offset, n);
    return true;
}

static uint32_t know_nothing(const struct bpf_packet *packet, uint32_t what)
{
    (void)packet;
    return 1000 + what;
}

static uint32_t run_on(const insn *program, const void *data, size_t n)
{
    struct bytes bytes = {{n, load_bytes, know_nothing}, data};

    return bpf_run(program, &bytes.packet);
}

#define VERIFY(...)                                 \
    ({                                              \
        const insn program_[] = {__VA_ARGS__};      \
        bpf_verify(program_, ARRAY_SIZE(program_)); \
    })
#define RUN(...)                                                 \
    ({                                                           \
        const insn program_[] = {__VA_ARGS__};                   \
        CHECK_EQ(bpf_verify(program_, ARRAY_SIZE(program_)), 0); \
        run_on(program_, frame, sizeof(frame));                  \
    })

static const uint8_t frame[] = {0x45, 0x01, 0x02, 0x03, 0xfc,
                                0xfd, 0xfe, 0xff, 0x10};

// ---- the verifier's rules ----

TEST(lengths)
{
    static insn program[BPF_MAXINSNS + 1];

    for (size_t i = 0; i < ARRAY_SIZE(program); i++)
        program[i] = RETURN(1);
    CHECK_EQ(bpf_verify(program, 0), -EINVAL);
    CHECK_EQ(bpf_verify(program, 1), 0);
    CHECK_EQ(bpf_verify(program, BPF_MAXINSNS), 0);
    CHECK_EQ(bpf_verify(program, BPF_MAXINSNS + 1), -EINVAL);
}

TEST(the_last_one_returns)
{
    CHECK_EQ(VERIFY(STMT(BPF_LD | BPF_IMM, 1)), -EINVAL);
    CHECK_EQ(VERIFY(RETURN(0), STMT(BPF_MISC | BPF_TAX, 0)), -EINVAL);
    CHECK_EQ(VERIFY(RETURN_A), 0);
    CHECK_EQ(VERIFY(STMT(BPF_RET | BPF_X, 0)), -EINVAL);
}

TEST(unknown_instructions)
{
    unsigned known = 0;

    for (unsigned code = 0; code <= 0xffff; code++) {
        insn program[] = {STMT(BPF_ST, 1), STMT(code, 1), RETURN(0), RETURN(0)};
        known += bpf_verify(program, ARRAY_SIZE(program)) == 0;
    }
    CHECK_EQ(known, 13 + 2 + 21 + 9 + 2 + 2);
}

TEST(jumps_stay_inside)
{
    CHECK_EQ(VERIFY(STMT(BPF_JMP | BPF_JA, 0), RETURN(0)), 0);
    CHECK_EQ(VERIFY(STMT(BPF_JMP | BPF_JA, 1), RETURN(0)), -EINVAL);
    CHECK_EQ(VERIFY(STMT(BPF_JMP | BPF_JA, ~0u), RETURN(0)), -EINVAL);
    CHECK_EQ(VERIFY(JUMP(BPF_JMP | BPF_JEQ, 0, 1, 0), RETURN(0)), -EINVAL);
    CHECK_EQ(VERIFY(JUMP(BPF_JMP | BPF_JEQ, 0, 0, 1), RETURN(0)), -EINVAL);
    CHECK_EQ(VERIFY(JUMP(BPF_JMP | BPF_JEQ, 0, 1, 0), RETURN(0), RETURN(1)), 0);
}

TEST(operands)
{
    static const uint16_t memory[] = {BPF_ST, BPF_STX};

    for (size_t i = 0; i < ARRAY_SIZE(memory); i++) {
        CHECK_EQ(VERIFY(STMT(memory[i], 15), RETURN(0)), 0);
        CHECK_EQ(VERIFY(STMT(memory[i], 16), RETURN(0)), -EINVAL);
    }
    CHECK_EQ(VERIFY(STMT(BPF_ALU | BPF_DIV, 0), RETURN(0)), -EINVAL);
    CHECK_EQ(VERIFY(STMT(BPF_ALU | BPF_MOD, 0), RETURN(0)), -EINVAL);
    CHECK_EQ(VERIFY(STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RETURN(0)), 0);
    CHECK_EQ(VERIFY(STMT(BPF_ALU | BPF_LSH, 31), RETURN(0)), 0);
    CHECK_EQ(VERIFY(STMT(BPF_ALU | BPF_LSH, 32), RETURN(0)), -EINVAL);
    CHECK_EQ(VERIFY(STMT(BPF_ALU | BPF_RSH, 32), RETURN(0)), -EINVAL);
}

TEST(ancillary_loads)
{
    CHECK_EQ(VERIFY(STMT(BPF_LD | BPF_H | BPF_ABS, SKF_AD_OFF), RETURN_A), 0);
    CHECK_EQ(VERIFY(STMT(BPF_LD | BPF_ABS, SKF_AD_OFF + 1), RETURN_A), -EINVAL);
    CHECK_EQ(VERIFY(STMT(BPF_LD | BPF_ABS, SKF_AD_OFF + 64), RETURN_A),
             -EINVAL);
    CHECK_EQ(RUN(STMT(BPF_LD | BPF_ABS, SKF_AD_OFF + SKF_AD_IFINDEX), RETURN_A),
             1008);
}

TEST(memory_is_written_before_it_is_read)
{
    CHECK_EQ(VERIFY(STMT(BPF_LD | BPF_MEM, 3), RETURN(0)), -EINVAL);
    CHECK_EQ(VERIFY(STMT(BPF_ST, 3), STMT(BPF_LDX | BPF_MEM, 3), RETURN(0)), 0);
    // On one of two ways only.
    CHECK_EQ(VERIFY(JUMP(BPF_JMP | BPF_JEQ, 0, 1, 0), STMT(BPF_ST, 3),
                    STMT(BPF_LD | BPF_MEM, 3), RETURN_A),
             -EINVAL);
    // On both.
    CHECK_EQ(VERIFY(JUMP(BPF_JMP | BPF_JEQ, 0, 2, 0), STMT(BPF_ST, 3),
                    STMT(BPF_JMP | BPF_JA, 1), STMT(BPF_STX, 3),
                    STMT(BPF_LD | BPF_MEM, 3), RETURN_A),
             0);
}

// ---- the interpreter ----

TEST(loads)
{
    CHECK_EQ(RUN(STMT(BPF_LD | BPF_W | BPF_ABS, 1), RETURN_A), 0x010203fc);
    CHECK_EQ(RUN(STMT(BPF_LD | BPF_H | BPF_ABS, 4), RETURN_A), 0xfcfd);
    CHECK_EQ(RUN(STMT(BPF_LD | BPF_B | BPF_ABS, 8), RETURN_A), 0x10);
    CHECK_EQ(RUN(STMT(BPF_LDX | BPF_IMM, 3), STMT(BPF_LD | BPF_H | BPF_IND, 1),
                 RETURN_A),
             0xfcfd);
    CHECK_EQ(RUN(STMT(BPF_LD | BPF_LEN, 0), RETURN_A), sizeof(frame));
    CHECK_EQ(
        RUN(STMT(BPF_LDX | BPF_LEN, 0), STMT(BPF_MISC | BPF_TXA, 0), RETURN_A),
        sizeof(frame));
    CHECK_EQ(RUN(STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
                 STMT(BPF_MISC | BPF_TXA, 0), RETURN_A),
             20);
}

TEST(loads_outside_of_the_packet_end_the_program)
{
    CHECK_EQ(RUN(STMT(BPF_LD | BPF_B | BPF_ABS, 9), RETURN(7)), 0);
    CHECK_EQ(RUN(STMT(BPF_LD | BPF_H | BPF_ABS, 8), RETURN(7)), 0);
    CHECK_EQ(RUN(STMT(BPF_LD | BPF_W | BPF_ABS, 6), RETURN(7)), 0);
    CHECK_EQ(RUN(STMT(BPF_LDX | BPF_IMM, ~0u),
                 STMT(BPF_LD | BPF_W | BPF_IND, ~0u), RETURN(7)),
             0);
    CHECK_EQ(RUN(STMT(BPF_LDX | BPF_B | BPF_MSH, 9), RETURN(7)), 0);
}

#define ARITHMETIC(operation, a, b)                                    \
    ({                                                                 \
        uint32_t by_k = RUN(STMT(BPF_LD | BPF_IMM, a),                 \
                            STMT(BPF_ALU | (operation), b), RETURN_A); \
        uint32_t by_x =                                                \
            RUN(STMT(BPF_LD | BPF_IMM, a), STMT(BPF_LDX | BPF_IMM, b), \
                STMT(BPF_ALU | BPF_X | (operation), 0), RETURN_A);     \
        CHECK_EQ(by_k, by_x);                                          \
        by_k;                                                          \
    })

TEST(arithmetic)
{
    CHECK_EQ(ARITHMETIC(BPF_ADD, ~0u, 2), 1);
    CHECK_EQ(ARITHMETIC(BPF_SUB, 1, 2), ~0u);
    CHECK_EQ(ARITHMETIC(BPF_MUL, 0x10001, 0x10001), 0x20001);
    CHECK_EQ(ARITHMETIC(BPF_DIV, ~0u, 2), 0x7fffffff);
    CHECK_EQ(ARITHMETIC(BPF_MOD, 23, 7), 2);
    CHECK_EQ(ARITHMETIC(BPF_OR, 0xf0, 0x3c), 0xfc);
    CHECK_EQ(ARITHMETIC(BPF_AND, 0xf0, 0x3c), 0x30);
    CHECK_EQ(ARITHMETIC(BPF_XOR, 0xf0, 0x3c), 0xcc);
    CHECK_EQ(ARITHMETIC(BPF_LSH, 3, 31), 0x80000000);
    CHECK_EQ(ARITHMETIC(BPF_RSH, 0x80000000, 31), 1);
    CHECK_EQ(
        RUN(STMT(BPF_LD | BPF_IMM, 5), STMT(BPF_ALU | BPF_NEG, 0), RETURN_A),
        -5u);
    CHECK_EQ(RUN(STMT(BPF_LD | BPF_IMM, 6), STMT(BPF_LDX | BPF_IMM, 5),
                 STMT(BPF_LD | BPF_ABS, SKF_AD_OFF + SKF_AD_ALU_XOR_X),
                 RETURN_A),
             3);
}

TEST(division_by_a_zero_in_x_ends_the_program)
{
    CHECK_EQ(RUN(STMT(BPF_LDX | BPF_IMM, 0), STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
                 RETURN(7)),
             0);
    CHECK_EQ(RUN(STMT(BPF_LDX | BPF_IMM, 0), STMT(BPF_ALU | BPF_MOD | BPF_X, 0),
                 RETURN(7)),
             0);
}

static uint32_t compare(uint16_t operation, uint32_t a, uint32_t b)
{
    return RUN(STMT(BPF_LD | BPF_IMM, a), JUMP(BPF_JMP | operation, b, 0, 1),
               RETURN(1), RETURN(2));
}

TEST(jumps)
{
    CHECK_EQ(compare(BPF_JEQ, 5, 5), 1);
    CHECK_EQ(compare(BPF_JEQ, 5, 6), 2);
    CHECK_EQ(compare(BPF_JGT, 0x80000000, 1), 1);  // unsigned
    CHECK_EQ(compare(BPF_JGT, 5, 5), 2);
    CHECK_EQ(compare(BPF_JGE, 5, 5), 1);
    CHECK_EQ(compare(BPF_JGE, 4, 5), 2);
    CHECK_EQ(compare(BPF_JSET, 6, 4), 1);
    CHECK_EQ(compare(BPF_JSET, 6, 9), 2);
    CHECK_EQ(RUN(STMT(BPF_JMP | BPF_JA, 1), RETURN(1), RETURN(2)), 2);
}

// ---- random programs ----

static uint32_t pick(const uint32_t *from, size_t n)
{
    return from[rand() % n];
}

// Mostly what exists, with operands at the edges.
static insn random_instruction(size_t left)
{
    static const uint32_t operands[] = {0,  1,  2,  3,  4,    15,     16,
                                        20, 31, 32, 33, 0xff, 0xffff, ~0u};
    insn i = {.code = rand() % 8 ? rand() % 0xb0 : rand(),
              .k = rand() % 8 ? pick(operands, ARRAY_SIZE(operands))
                              : (uint32_t)rand() * 2 + rand()};

    if (BPF_CLASS(i.code) == BPF_JMP && left > 1) {
        i.jump_true = rand() % MIN(left, 255ul);
        i.jump_false = rand() % MIN(left, 255ul);
        if (i.code == (BPF_JMP | BPF_JA))
            i.k = rand() % left;
    }
    return i;
}

static size_t random_program(insn *program)
{
    size_t length = 1 + rand() % 12;

    for (size_t i = 0; i < length; i++)
        program[i] = random_instruction(length - i - 1);
    if (rand() % 8)
        program[length - 1] = rand() % 2 ? RETURN_A : RETURN(rand());
    return length;
}

// What it answers depends on more than the bytes.
static bool looks_around(const insn *program, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (program[i].k >= SKF_LL_OFF && BPF_CLASS(program[i].code) <= BPF_LDX)
            return true;
    }
    return false;
}

TEST(random_programs_end)
{
    insn program[16];
    unsigned verified = 0;

    srand(1);
    for (unsigned round = 0; round < 400000; round++) {
        size_t length = random_program(program);

        if (bpf_verify(program, length) < 0)
            continue;
        verified++;
        run_on(program, frame, rand() % (sizeof(frame) + 1));
    }
    CHECK(verified > 10000);
}

// How many bytes of the frame the host's kernel lets through: Linux filters
// datagrams of AF_UNIX, and drops or cuts them.
static ssize_t host_answer(int sender, int receiver)
{
    char buffer[64];

    if (send(sender, frame, sizeof(frame), 0) < 0)
        return 0;
    ssize_t n = recv(receiver, buffer, sizeof(buffer), MSG_DONTWAIT);
    return n < 0 ? 0 : n;
}

TEST(random_programs_get_the_answers_of_linux)
{
    insn program[16];
    unsigned accepted = 0;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
        return;
    srand(2);
    for (unsigned round = 0; round < 100000; round++) {
        size_t length = random_program(program);
        struct abi_sock_fprog wanted = {.length = length,
                                        .filter = (uaddr)program};

        if (looks_around(program, length))
            continue;
        bool linux_takes = setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER,
                                      &wanted, sizeof(wanted)) == 0;
        CHECK_EQ(bpf_verify(program, length) == 0, linux_takes);
        if (!linux_takes)
            continue;
        accepted++;
        uint32_t keep = run_on(program, frame, sizeof(frame));
        CHECK_EQ(MIN((size_t)keep, sizeof(frame)),
                 host_answer(pair[0], pair[1]));
    }
    CHECK(accepted > 1000);
    close(pair[0]);
    close(pair[1]);
}
