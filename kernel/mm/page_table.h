// SPDX-License-Identifier: MIT
//
// Sv39 page tables: RISC-V privileged specification 1.12, 4.3 and 4.4.

#pragma once

#include <lib/csr.h>
#include <mm/mm.h>
#include <mm/page.h>

#define PTE_VALID    (1ul << 0)
#define PTE_READ     (1ul << 1)
#define PTE_WRITE    (1ul << 2)
#define PTE_EXEC     (1ul << 3)
#define PTE_USER     (1ul << 4)
#define PTE_GLOBAL   (1ul << 5)
#define PTE_ACCESSED (1ul << 6)
#define PTE_DIRTY    (1ul << 7)
// Software's own: this entry of a user table holds a reference to a page. It
// stays set where PROT_NONE has cleared PTE_VALID.
#define PTE_PAGE (1ul << 8)

// A and D are always set, so that no hart faults to have them set.
#define PTE_KERNEL    (PTE_VALID | PTE_READ | PTE_GLOBAL | PTE_ACCESSED)
#define PTE_KERNEL_RW (PTE_KERNEL | PTE_WRITE | PTE_DIRTY)

#define TABLE_ENTRIES 512
#define TABLE_SPAN    (TABLE_ENTRIES * PAGE_SIZE)  // bytes under a leaf table
#define USER_ENTRIES  (USER_TOP / (TABLE_SPAN * TABLE_ENTRIES))

static inline uint64_t pte_make(paddr pa, uint64_t bits)
{
    return pa >> PAGE_SHIFT << 10 | bits;
}

static inline paddr pte_phys(uint64_t pte)
{
    return (pte << 10) >> 20 << PAGE_SHIFT;
}

static inline struct page *pte_page(uint64_t pte)
{
    return phys_to_page(pte_phys(pte));
}

// The entry of va in the table at the given level, 0 being the leaves'.
static inline unsigned table_index(uaddr va, unsigned level)
{
    return (va >> (PAGE_SHIFT + 9 * level)) & (TABLE_ENTRIES - 1);
}

static inline uint64_t *table_of(uint64_t entry)
{
    return phys_to_virt(pte_phys(entry));
}

// The entry that names the leaf table for va; NULL if there is none.
static inline uint64_t *page_table_leaf(uint64_t *root, uint64_t va)
{
    uint64_t entry = READ_ONCE(root[table_index(va, 2)]);
    if (!entry)
        return NULL;
    uint64_t *leaf = &table_of(entry)[table_index(va, 1)];
    return READ_ONCE(*leaf) ? leaf : NULL;
}

// The leaf entry for va; NULL where no leaf table is there, or, creating, where
// memory is short. A new table appears atomically to a hart that walks.
static inline uint64_t *page_table_find(uint64_t *root, uint64_t va)
{
    uint64_t *leaf = page_table_leaf(root, va);
    return leaf ? &table_of(*leaf)[table_index(va, 0)] : NULL;
}

uint64_t *page_table_create(uint64_t *root, uint64_t va);

// For walking [at, end) of user space: the end of the stretch that one leaf
// table covers, or that a missing table above leaves empty.
uaddr page_table_step(const uint64_t *root, uaddr at, uaddr end);

// The table below *entry, made if there is none (NULL: no memory).
uint64_t *page_table_below(uint64_t *entry);

// The PTE bits for a user page of a VMA, write permission included.
uint64_t pte_user_bits(unsigned vma_flags);

// Take all pages out of [start, end) of mm. Takes the table lock.
struct tlb_batch;
void page_table_clear(struct mm *mm, uaddr start, uaddr end,
                      struct tlb_batch *batch);

// Take out leaf tables that lie wholly in [start, end), where nothing is
// mapped. Under mm->lock.
void page_table_trim(struct mm *mm, uaddr start, uaddr end,
                     struct tlb_batch *batch);

// Free all user tables and the pages of all VMAs. No task uses mm any more.
void page_table_destroy(struct mm *mm);

extern uint64_t *kernel_root;  // the kernel's root table
