// SPDX-License-Identifier: MIT
//
// The interpreter of classic BPF: an accumulator, an index register, sixteen
// words of memory. It trusts the program, which bpf_verify has accepted, but
// not the packet: a load that is not inside it ends the program with 0.

#include <net/bpf.h>

struct machine {
    const struct bpf_packet *packet;
    uint32_t a, x;
    uint32_t memory[BPF_MEMWORDS];
};

// Load `size` bytes in network byte order.
static bool load(const struct machine *m, uint32_t offset, unsigned size,
                 uint32_t *value)
{
    uint8_t bytes[4];
    size_t n = size == BPF_W ? 4 : size == BPF_H ? 2 : 1;

    if (!m->packet->load(m->packet, offset, bytes, n))
        return false;
    *value = 0;
    for (size_t i = 0; i < n; i++)
        *value = *value << 8 | bytes[i];
    return true;
}

static bool load_absolute(struct machine *m, const struct abi_sock_filter *i)
{
    if (i->k < SKF_AD_OFF)
        return load(m, i->k, BPF_SIZE(i->code), &m->a);
    if (i->k - SKF_AD_OFF == SKF_AD_ALU_XOR_X)
        m->a ^= m->x;
    else
        m->a = m->packet->know(m->packet, i->k - SKF_AD_OFF);
    return true;
}

static bool load_a(struct machine *m, const struct abi_sock_filter *i)
{
    switch (BPF_MODE(i->code)) {
    case BPF_ABS:
        return load_absolute(m, i);
    case BPF_IND:
        return load(m, m->x + i->k, BPF_SIZE(i->code), &m->a);
    case BPF_LEN:
        m->a = m->packet->length;
        return true;
    case BPF_MEM:
        m->a = m->memory[i->k];
        return true;
    default:
        m->a = i->k;
        return true;
    }
}

static bool load_x(struct machine *m, const struct abi_sock_filter *i)
{
    switch (BPF_MODE(i->code)) {
    case BPF_MSH:  // the length of an IPv4 header
        if (!load(m, i->k, BPF_B, &m->x))
            return false;
        m->x = (m->x & 0xf) * 4;
        return true;
    case BPF_LEN:
        m->x = m->packet->length;
        return true;
    case BPF_MEM:
        m->x = m->memory[i->k];
        return true;
    default:
        m->x = i->k;
        return true;
    }
}

// False: a division by zero.
static bool calculate(struct machine *m, const struct abi_sock_filter *i)
{
    uint32_t operand = BPF_SRC(i->code) == BPF_X ? m->x : i->k;
    unsigned operation = BPF_OP(i->code);

    if ((operation == BPF_DIV || operation == BPF_MOD) && operand == 0)
        return false;
    switch (operation) {
    case BPF_ADD:
        m->a += operand;
        break;
    case BPF_SUB:
        m->a -= operand;
        break;
    case BPF_MUL:
        m->a *= operand;
        break;
    case BPF_DIV:
        m->a /= operand;
        break;
    case BPF_MOD:
        m->a %= operand;
        break;
    case BPF_OR:
        m->a |= operand;
        break;
    case BPF_AND:
        m->a &= operand;
        break;
    case BPF_XOR:
        m->a ^= operand;
        break;
    case BPF_LSH:
        m->a <<= operand & 31;
        break;
    case BPF_RSH:
        m->a >>= operand & 31;
        break;
    default:
        m->a = -m->a;
    }
    return true;
}

// How many instructions to skip.
static uint32_t jump(const struct machine *m, const struct abi_sock_filter *i)
{
    uint32_t operand = BPF_SRC(i->code) == BPF_X ? m->x : i->k;
    bool taken;

    switch (BPF_OP(i->code)) {
    case BPF_JEQ:
        taken = m->a == operand;
        break;
    case BPF_JGT:
        taken = m->a > operand;
        break;
    case BPF_JGE:
        taken = m->a >= operand;
        break;
    case BPF_JSET:
        taken = (m->a & operand) != 0;
        break;
    default:
        return i->k;
    }
    return taken ? i->jump_true : i->jump_false;
}

uint32_t bpf_run(const struct abi_sock_filter *i,
                 const struct bpf_packet *packet)
{
    struct machine m = {.packet = packet};
    bool good = true;

    for (; good; i++) {
        switch (BPF_CLASS(i->code)) {
        case BPF_LD:
            good = load_a(&m, i);
            break;
        case BPF_LDX:
            good = load_x(&m, i);
            break;
        case BPF_ST:
            m.memory[i->k] = m.a;
            break;
        case BPF_STX:
            m.memory[i->k] = m.x;
            break;
        case BPF_ALU:
            good = calculate(&m, i);
            break;
        case BPF_JMP:
            i += jump(&m, i);
            break;
        case BPF_RET:
            return i->code == (BPF_RET | BPF_A) ? m.a : i->k;
        default:
            if (i->code == (BPF_MISC | BPF_TAX))
                m.x = m.a;
            else
                m.a = m.x;
        }
    }
    return 0;
}
