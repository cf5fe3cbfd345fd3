// SPDX-License-Identifier: MIT
//
// The verifier of classic BPF: what bpf_run relies on is established here. An
// accepted program has known instructions alone, jumps forward and inside,
// ends in a return on every path, divides by no constant zero, shifts by less
// than a word, and reads no memory word before it was written.

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <net/bpf.h>

// Every word is valid where no path leads: it says nothing of other paths.
#define ALL_WORDS ((uint16_t)~0u)
_Static_assert(BPF_MEMWORDS == 16, "a bit for each word");

static bool is_load(uint16_t code)
{
    switch (code) {
    case BPF_LD | BPF_W | BPF_ABS:
    case BPF_LD | BPF_H | BPF_ABS:
    case BPF_LD | BPF_B | BPF_ABS:
    case BPF_LD | BPF_W | BPF_IND:
    case BPF_LD | BPF_H | BPF_IND:
    case BPF_LD | BPF_B | BPF_IND:
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_B | BPF_MSH:
    case BPF_LDX | BPF_IMM:
    case BPF_LDX | BPF_MEM:
        return true;
    default:
        return false;
    }
}

static bool is_known(uint16_t code)
{
    unsigned operation = BPF_OP(code);

    if (code > 0xff)
        return false;
    switch (BPF_CLASS(code)) {
    case BPF_LD:
    case BPF_LDX:
        return is_load(code);
    case BPF_ST:
        return code == BPF_ST;
    case BPF_STX:
        return code == BPF_STX;
    case BPF_ALU:
        return operation == BPF_NEG ? BPF_SRC(code) == BPF_K
                                    : operation <= BPF_XOR;
    case BPF_JMP:
        return operation == BPF_JA ? BPF_SRC(code) == BPF_K
                                   : operation <= BPF_JSET;
    case BPF_RET:
        return code == (BPF_RET | BPF_K) || code == (BPF_RET | BPF_A);
    default:
        return code == (BPF_MISC | BPF_TAX) || code == (BPF_MISC | BPF_TXA);
    }
}

static bool is_ancillary(uint32_t offset)
{
    switch (offset - SKF_AD_OFF) {
    case SKF_AD_PROTOCOL:
    case SKF_AD_PKTTYPE:
    case SKF_AD_IFINDEX:
    case SKF_AD_MARK:
    case SKF_AD_QUEUE:
    case SKF_AD_HATYPE:
    case SKF_AD_RXHASH:
    case SKF_AD_CPU:
    case SKF_AD_ALU_XOR_X:
    case SKF_AD_VLAN_TAG:
    case SKF_AD_VLAN_TAG_PRESENT:
    case SKF_AD_PAY_OFFSET:
    case SKF_AD_RANDOM:
    case SKF_AD_VLAN_TPID:
        return true;
    default:
        return false;
    }
}

static bool uses_memory_word(uint16_t code)
{
    return code == BPF_ST || code == BPF_STX || code == (BPF_LD | BPF_MEM) ||
           code == (BPF_LDX | BPF_MEM);
}

// Is an operand one that the instruction cannot have?
static bool bad_operand(const struct abi_sock_filter *i)
{
    if (uses_memory_word(i->code))
        return i->k >= BPF_MEMWORDS;
    switch (i->code) {
    case BPF_ALU | BPF_DIV | BPF_K:
    case BPF_ALU | BPF_MOD | BPF_K:
        return i->k == 0;
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_K:
        return i->k >= 32;
    case BPF_LD | BPF_W | BPF_ABS:
    case BPF_LD | BPF_H | BPF_ABS:
    case BPF_LD | BPF_B | BPF_ABS:
        return i->k >= SKF_AD_OFF && !is_ancillary(i->k);
    default:
        return false;
    }
}

// Does it jump past the end, with `left` instructions behind it?
static bool bad_jump(const struct abi_sock_filter *i, size_t left)
{
    if (BPF_CLASS(i->code) != BPF_JMP)
        return false;
    if (BPF_OP(i->code) == BPF_JA)
        return i->k >= left;
    return i->jump_true >= left || i->jump_false >= left;
}

// The words that are valid at an instruction reach those that it jumps to.
static void pass_on(const struct abi_sock_filter *i, uint16_t *valid_there,
                    uint16_t valid)
{
    if (BPF_OP(i->code) == BPF_JA) {
        valid_there[1 + i->k] &= valid;
        return;
    }
    valid_there[1 + i->jump_true] &= valid;
    valid_there[1 + i->jump_false] &= valid;
}

// Jumps go forward only, so that one pass meets every way to an instruction
// before the instruction itself. valid_at: per instruction, the memory words
// that every way to it has written.
static int check_memory(const struct abi_sock_filter *program, size_t length,
                        uint16_t *valid_at)
{
    uint16_t valid = 0;

    for (size_t at = 0; at < length; at++)
        valid_at[at] = ALL_WORDS;
    for (size_t at = 0; at < length; at++) {
        const struct abi_sock_filter *i = &program[at];

        valid &= valid_at[at];
        if (BPF_CLASS(i->code) == BPF_ST || BPF_CLASS(i->code) == BPF_STX) {
            valid |= 1u << i->k;
        } else if (uses_memory_word(i->code)) {
            if (!(valid & (1u << i->k)))
                return -EINVAL;
        } else if (BPF_CLASS(i->code) == BPF_JMP) {
            pass_on(i, &valid_at[at], valid);
            valid = ALL_WORDS;  // nothing falls through to the next one
        }
    }
    return 0;
}

int bpf_verify(const struct abi_sock_filter *program, size_t length)
{
    if (length == 0 || length > BPF_MAXINSNS)
        return -EINVAL;
    for (size_t at = 0; at < length; at++) {
        const struct abi_sock_filter *i = &program[at];

        if (!is_known(i->code) || bad_operand(i) ||
            bad_jump(i, length - at - 1))
            return -EINVAL;
    }
    if (BPF_CLASS(program[length - 1].code) != BPF_RET)
        return -EINVAL;
    uint16_t *valid_at = kmalloc(length * sizeof(*valid_at));
    if (!valid_at)
        return -ENOMEM;
    int error = check_memory(program, length, valid_at);
    kfree(valid_at);
    return error;
}
