// SPDX-License-Identifier: MIT
//
// Classic BPF: the instructions that SO_ATTACH_FILTER takes (McCanne and
// Jacobson's, with Linux's additions: Documentation/networking/filter).

#pragma once

#include <lib/types.h>

struct abi_sock_filter {
    uint16_t code;
    uint8_t jump_true, jump_false;  // instructions to skip
    uint32_t k;
};

struct abi_sock_fprog {
    uint16_t length;  // instructions
    uint16_t pad[3];
    uaddr filter;
};
_Static_assert(sizeof(struct abi_sock_filter) == 8, "struct sock_filter");
_Static_assert(sizeof(struct abi_sock_fprog) == 16, "struct sock_fprog");

#define BPF_MAXINSNS 4096
#define BPF_MEMWORDS 16

// An instruction's class, and within each class what else `code` says.
#define BPF_CLASS(code) ((code)&0x07)
#define BPF_LD          0x00
#define BPF_LDX         0x01
#define BPF_ST          0x02
#define BPF_STX         0x03
#define BPF_ALU         0x04
#define BPF_JMP         0x05
#define BPF_RET         0x06
#define BPF_MISC        0x07

#define BPF_SIZE(code) ((code)&0x18)
#define BPF_W          0x00
#define BPF_H          0x08
#define BPF_B          0x10
#define BPF_MODE(code) ((code)&0xe0)
#define BPF_IMM        0x00
#define BPF_ABS        0x20
#define BPF_IND        0x40
#define BPF_MEM        0x60
#define BPF_LEN        0x80
#define BPF_MSH        0xa0

#define BPF_OP(code) ((code)&0xf0)
#define BPF_ADD      0x00
#define BPF_SUB      0x10
#define BPF_MUL      0x20
#define BPF_DIV      0x30
#define BPF_OR       0x40
#define BPF_AND      0x50
#define BPF_LSH      0x60
#define BPF_RSH      0x70
#define BPF_NEG      0x80
#define BPF_MOD      0x90
#define BPF_XOR      0xa0

#define BPF_JA   0x00
#define BPF_JEQ  0x10
#define BPF_JGT  0x20
#define BPF_JGE  0x30
#define BPF_JSET 0x40

#define BPF_SRC(code) ((code)&0x08)
#define BPF_K         0x00
#define BPF_X         0x08
#define BPF_A         0x10  // BPF_RET: the accumulator

#define BPF_TAX 0x00
#define BPF_TXA 0x80

// Offsets from here on (as negative numbers) are not into the data.
#define SKF_AD_OFF              0xfffff000u  // what is known of the packet:
#define SKF_AD_PROTOCOL         0u           // its EtherType
#define SKF_AD_PKTTYPE          4u           // PACKET_*
#define SKF_AD_IFINDEX          8u
#define SKF_AD_NLATTR           12u
#define SKF_AD_NLATTR_NEST      16u
#define SKF_AD_MARK             20u
#define SKF_AD_QUEUE            24u
#define SKF_AD_HATYPE           28u
#define SKF_AD_RXHASH           32u
#define SKF_AD_CPU              36u
#define SKF_AD_ALU_XOR_X        40u  // no load: A ^= X
#define SKF_AD_VLAN_TAG         44u
#define SKF_AD_VLAN_TAG_PRESENT 48u
#define SKF_AD_PAY_OFFSET       52u  // where TCP's or UDP's payload begins
#define SKF_AD_RANDOM           56u
#define SKF_AD_VLAN_TPID        60u
#define SKF_NET_OFF             0xfff00000u  // counted from the network header
#define SKF_LL_OFF              0xffe00000u  // ... from the link layer's
