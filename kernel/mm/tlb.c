// SPDX-License-Identifier: MIT
//
// Which hart translates for which address space, and how each learns of
// changes. mm->harts has a bit for every hart whose satp holds the table; the
// bit is set before satp is, so that whoever changes an entry and then reads
// the mask misses no hart (both sides use full barriers). Others are reached
// by SBI RFENCE (SBI specification 1.0, chapter 8), which returns when it is
// done. Address space identifiers are not used: a hart that switches flushes.

#include <lib/hart.h>
#include <mm/kmalloc.h>
#include <riscv/sbi.h>

#include "page_table.h"
#include "tlb.h"

// Harts that have not refetched instructions since the last page of code was
// filled; settled when they next run user code that could see it.
static uint64_t stale_code;  // (a)

static uint64_t bit_of(const struct hart *hart)
{
    return 1ull << hart->id;
}

static void flush_local_range(uint64_t start, uint64_t end)
{
    // More than one page: flush everything, as the firmware does.
    if (end - start > PAGE_SIZE)
        asm volatile("sfence.vma" ::: "memory");
    else
        asm volatile("sfence.vma %0" ::"r"(start) : "memory");
}

void tlb_flush_local(uaddr addr)
{
    asm volatile("sfence.vma %0" ::"r"(addr) : "memory");
}

// Flush [start, end) on all harts of the mask.
static void flush_harts(uint64_t harts, uint64_t start, uint64_t end)
{
    uint64_t self = bit_of(this_hart());
    if (harts & self)
        flush_local_range(start, end);
    if (harts & ~self)
        sbi_remote_sfence_vma(harts & ~self, start, end - start);
}

static uint64_t harts_of(const struct mm *mm)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&mm->harts, __ATOMIC_RELAXED);
}

static uint64_t online_harts(void)
{
    uint64_t online = bit_of(this_hart());
    for (unsigned i = 0; i < MAX_HARTS; i++)
        if (READ_ONCE(harts[i].online))
            online |= 1ull << i;
    return online;
}

void tlb_flush_kernel(uint64_t start, uint64_t size)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    flush_harts(online_harts(), start, start + size);
}

void tlb_flush_mm(struct mm *mm)
{
    flush_harts(harts_of(mm), 0, USER_TOP);
}

// ---- batches ----

void tlb_batch_init(struct tlb_batch *batch, struct mm *mm)
{
    batch->mm = mm;
    batch->start = USER_TOP;
    batch->end = 0;
    batch->count = 0;
}

void tlb_batch_add(struct tlb_batch *batch, uaddr addr, struct page *page)
{
    batch->start = MIN(batch->start, addr);
    batch->end = MAX(batch->end, addr + PAGE_SIZE);
    if (page)
        batch->pages[batch->count++] = page;
    if (batch->count == ARRAY_SIZE(batch->pages))
        tlb_batch_flush(batch);
}

void tlb_batch_flush(struct tlb_batch *batch)
{
    if (batch->start < batch->end)
        flush_harts(harts_of(batch->mm), batch->start, batch->end);
    for (unsigned i = 0; i < batch->count; i++)
        page_put(batch->pages[i]);
    tlb_batch_init(batch, batch->mm);
}

// ---- instructions ----

// Have the harts that run mm fetch afresh, if they have not yet.
static void settle_code(struct mm *mm)
{
    uint64_t self = bit_of(this_hart());
    uint64_t due =
        harts_of(mm) & __atomic_load_n(&stale_code, __ATOMIC_RELAXED);
    if (!due)
        return;
    __atomic_and_fetch(&stale_code, ~due, __ATOMIC_SEQ_CST);
    if (due & self)
        asm volatile("fence.i" ::: "memory");
    if (due & ~self)
        sbi_remote_fence_i(due & ~self);
}

void tlb_sync_code(struct mm *mm, struct page *page)
{
    if (!(page->flags & PAGE_FETCHABLE)) {
        page->flags |= PAGE_FETCHABLE;
        __atomic_store_n(&stale_code, UINT64_MAX, __ATOMIC_SEQ_CST);
    }
    settle_code(mm);
}

void mm_flush_icache(struct mm *mm)
{
    __atomic_store_n(&stale_code, UINT64_MAX, __ATOMIC_SEQ_CST);
    settle_code(mm);
}

void mm_fence(struct mm *mm, bool all)
{
    uint64_t others = (all ? online_harts() : harts_of(mm));
    others &= ~bit_of(this_hart());
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (others)
        sbi_remote_fence_i(others);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

// ---- switching ----

void tlb_table_put(struct mm *mm)
{
    if (__atomic_sub_fetch(&mm->table_refs, 1, __ATOMIC_ACQ_REL) == 0) {
        page_put(virt_to_page(mm->root));
        kfree(mm);
    }
}

void mm_activate(struct mm *mm)
{
    struct hart *hart = this_hart();
    struct mm *old = hart->mm;
    if (!mm || mm == old)
        return;
    __atomic_add_fetch(&mm->table_refs, 1, __ATOMIC_RELAXED);
    __atomic_or_fetch(&mm->harts, bit_of(hart), __ATOMIC_SEQ_CST);
    CSR_WRITE(satp, mm->satp);
    asm volatile("sfence.vma" ::: "memory");
    hart->mm = mm;
    if (old) {
        __atomic_and_fetch(&old->harts, ~bit_of(hart), __ATOMIC_SEQ_CST);
        tlb_table_put(old);
    }
    if (__atomic_load_n(&stale_code, __ATOMIC_RELAXED) & bit_of(hart)) {
        __atomic_and_fetch(&stale_code, ~bit_of(hart), __ATOMIC_SEQ_CST);
        asm volatile("fence.i" ::: "memory");
    }
}
