// SPDX-License-Identifier: MIT
//
// Translations that harts may still hold. A page that was taken out of an
// address space waits in a batch until no hart can reach it any more.

#pragma once

#include <mm/mm.h>
#include <mm/page.h>

struct tlb_batch {
    struct mm *mm;
    uaddr start, end;  // covers what has changed
    unsigned count;
    struct page *pages[64];
};

void tlb_batch_init(struct tlb_batch *batch, struct mm *mm);

// The entry for the page at addr was changed; the batch takes over the
// reference to page (NULL: none to drop). May flush. Any context.
void tlb_batch_add(struct tlb_batch *batch, uaddr addr, struct page *page);

// Make the changes seen by every hart, then drop the pages.
void tlb_batch_flush(struct tlb_batch *batch);

// One entry got more permissions, or was made: only this hart could have a
// reason to fault on the old one.
void tlb_flush_local(uaddr addr);

// A kernel mapping was made or taken away: on every hart, before it returns.
void tlb_flush_kernel(uint64_t start, uint64_t size);

// Let go of the root table, as a hart or on behalf of all tasks; the last one
// to do so frees it and the mm.
void tlb_table_put(struct mm *mm);

// No hart translates mm's user half after this; its root entries are gone.
void tlb_flush_mm(struct mm *mm);

// The page is about to be mapped for execution in mm: have its instructions
// fetched afresh where that has not been done since it was filled.
void tlb_sync_code(struct mm *mm, struct page *page);
