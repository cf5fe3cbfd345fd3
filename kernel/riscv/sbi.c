// SPDX-License-Identifier: MIT
//
// SBI calls (RISC-V SBI specification): extension in a7, function in a6,
// arguments in a0..a5; error in a0 and value in a1.

#include <lib/hart.h>
#include <riscv/memory_layout.h>
#include <riscv/sbi.h>

enum sbi_extension {
    SBI_LEGACY_PUTCHAR = 1,
    SBI_BASE = 0x10,
    SBI_TIME = 0x54494d45,
    SBI_IPI = 0x735049,
    SBI_RFENCE = 0x52464e43,
    SBI_HSM = 0x48534d,
    SBI_SRST = 0x53525354,
    SBI_DBCN = 0x4442434e,
};

static struct sbi_result sbi_call(uint64_t extension, uint64_t function,
                                  uint64_t arg0, uint64_t arg1, uint64_t arg2,
                                  uint64_t arg3)
{
    register uint64_t a0 asm("a0") = arg0;
    register uint64_t a1 asm("a1") = arg1;
    register uint64_t a2 asm("a2") = arg2;
    register uint64_t a3 asm("a3") = arg3;
    register uint64_t a6 asm("a6") = function;
    register uint64_t a7 asm("a7") = extension;

    asm volatile("ecall"
                 : "+r"(a0), "+r"(a1)
                 : "r"(a2), "r"(a3), "r"(a6), "r"(a7)
                 : "memory");
    return (struct sbi_result){(long)a0, (long)a1};
}

bool sbi_has_extension(uint64_t extension)
{
    return sbi_call(SBI_BASE, 3, extension, 0, 0, 0).value != 0;
}

void sbi_console_write(const char *s, size_t n)
{
    static int has_dbcn = -1;

    if (has_dbcn < 0)
        has_dbcn = sbi_has_extension(SBI_DBCN);
    if (has_dbcn) {
        for (size_t i = 0; i < n; i++)  // byte by byte: s may cross pages
            sbi_call(SBI_DBCN, 2, (uint8_t)s[i], 0, 0, 0);
        return;
    }
    for (size_t i = 0; i < n; i++)
        sbi_call(SBI_LEGACY_PUTCHAR, 0, (uint8_t)s[i], 0, 0, 0);
}

void sbi_set_timer(uint64_t deadline)
{
    sbi_call(SBI_TIME, 0, deadline, 0, 0, 0);
}

// The firmware takes a mask of 64 hartids from a base on. QEMU numbers harts
// from 0 without gaps, but nothing promises that: one call per hart is made
// for those that do not fit into the first.
static void for_hart_mask(uint64_t mask, uint64_t extension, uint64_t function,
                          uint64_t start, uint64_t size)
{
    uint64_t first = 0;

    for (uint64_t m = mask; m; m &= m - 1) {
        uint64_t hartid = harts[__builtin_ctzll(m)].hartid;
        if (hartid < 64)
            first |= 1ull << hartid;
        else
            sbi_call(extension, function, 1, hartid, start, size);
    }
    if (first)
        sbi_call(extension, function, first, 0, start, size);
}

void sbi_send_ipi(uint64_t mask)
{
    for_hart_mask(mask, SBI_IPI, 0, 0, 0);
}

void sbi_remote_fence_i(uint64_t mask)
{
    for_hart_mask(mask, SBI_RFENCE, 0, 0, 0);
}

void sbi_remote_sfence_vma(uint64_t mask, uint64_t start, uint64_t size)
{
    for_hart_mask(mask, SBI_RFENCE, 1, start, size);
}

long sbi_hart_start(uint64_t hartid, paddr entry, uint64_t argument)
{
    return sbi_call(SBI_HSM, 0, hartid, entry, argument, 0).error;
}

void sbi_system_reset(bool reboot, bool failure)
{
    sbi_call(SBI_SRST, 0, reboot ? 1 : 0, failure ? 1 : 0, 0, 0);
}
