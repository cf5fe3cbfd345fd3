// SPDX-License-Identifier: MIT
//
// Walking, filling and emptying Sv39 tables. Tables are added only under
// mm->lock, and change under mm->table_lock, which is all that truncation of a
// file holds when it takes pages from an address space.

#include <lib/log.h>
#include <string.h>

#include "page_table.h"
#include "tlb.h"

uint64_t *page_table_below(uint64_t *entry)
{
    if (!(*entry & PTE_VALID)) {
        struct page *page = page_alloc_zero();
        if (!page)
            return NULL;
        __atomic_store_n(entry, pte_make(page_to_phys(page), PTE_VALID),
                         __ATOMIC_RELEASE);
    }
    return table_of(*entry);
}

uint64_t *page_table_create(uint64_t *root, uint64_t va)
{
    uint64_t *table = page_table_below(&root[table_index(va, 2)]);
    if (table)
        table = page_table_below(&table[table_index(va, 1)]);
    return table ? &table[table_index(va, 0)] : NULL;
}

uaddr page_table_step(const uint64_t *root, uaddr at, uaddr end)
{
    bool empty = !READ_ONCE(root[table_index(at, 2)]);
    uint64_t span = empty ? TABLE_SPAN * TABLE_ENTRIES : TABLE_SPAN;
    return MIN(ALIGN_DOWN(at, span) + span, end);
}

uint64_t pte_user_bits(unsigned vma_flags)
{
    uint64_t bits = PTE_PAGE | PTE_USER | PTE_ACCESSED;
    // Writable implies readable: the combination without R is reserved.
    if (vma_flags & (VMA_READ | VMA_WRITE))
        bits |= PTE_VALID | PTE_READ;
    if (vma_flags & VMA_WRITE)
        bits |= PTE_WRITE | PTE_DIRTY;
    if (vma_flags & VMA_EXEC)
        bits |= PTE_VALID | PTE_EXEC;
    return bits;
}

void page_table_clear(struct mm *mm, uaddr start, uaddr end,
                      struct tlb_batch *batch)
{
    for (uaddr next; start < end; start = next) {
        next = page_table_step(mm->root, start, end);
        spin_lock(&mm->table_lock);
        uint64_t *pte = page_table_find(mm->root, start);
        for (uaddr at = start; pte && at < next; at += PAGE_SIZE, pte++) {
            if (!(*pte & PTE_PAGE))
                continue;
            struct page *page = pte_page(*pte);
            *pte = 0;
            mm->pages--;
            tlb_batch_add(batch, at, page);
        }
        spin_unlock(&mm->table_lock);
    }
}

void page_table_trim(struct mm *mm, uaddr start, uaddr end,
                     struct tlb_batch *batch)
{
    for (uaddr next; start < end; start = next) {
        next = page_table_step(mm->root, start, end);
        if (start % TABLE_SPAN || next - start < TABLE_SPAN)
            continue;
        spin_lock(&mm->table_lock);
        uint64_t *entry = page_table_leaf(mm->root, start);
        if (entry) {
            struct page *table = pte_page(*entry);
            *entry = 0;
            tlb_batch_add(batch, start, table);
        }
        spin_unlock(&mm->table_lock);
    }
}

// ---- the end ----

// Drop the pages of a VMA; its entries are not looked at again.
static void put_pages(struct vma *vma)
{
    uint64_t *root = vma->mm->root;
    for (uaddr next, at = vma->start; at < vma->end; at = next) {
        next = page_table_step(root, at, vma->end);
        const uint64_t *pte = page_table_find(root, at);
        for (; pte && at < next; at += PAGE_SIZE, pte++)
            if (*pte & PTE_PAGE)
                page_put(pte_page(*pte));
    }
}

// The first entry from e on that is in use, or end. Most of a table is empty,
// so look at eight at a time.
static uint64_t *next_used(uint64_t *e, const uint64_t *end)
{
    while (e < end && !*e) {
        bool eight = (uint64_t)e % (8 * sizeof(*e)) == 0 &&
                     !(e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]);
        e += eight ? 8 : 1;
    }
    return e;
}

static void put_tables(uint64_t *middle)
{
    uint64_t *end = middle + TABLE_ENTRIES, *e = middle;
    while ((e = next_used(e, end)) < end)
        page_put(pte_page(*e++));
    page_put(virt_to_page(middle));
}

void page_table_destroy(struct mm *mm)
{
    uint64_t *end = mm->root + USER_ENTRIES, *e = mm->root;
    struct vma *vma;
    // Out of the harts' reach first; the addresses stay in the entries.
    while ((e = next_used(e, end)) < end)
        *e++ &= ~PTE_VALID;
    tlb_flush_mm(mm);
    list_for_each(vma, &mm->vmas, node)
        put_pages(vma);
    for (e = mm->root; (e = next_used(e, end)) < end; *e++ = 0)
        put_tables(table_of(*e));
}
