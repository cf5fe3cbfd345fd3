// SPDX-License-Identifier: MIT
//
// Page faults: from the VMA and what stands in the page table to the page that
// the instruction wants. mm->lock is held throughout; entries change under the
// table lock, since truncation may take them away in between.

#include <abi/errno.h>
#include <lib/wait.h>
#include <string.h>

#include "fault.h"
#include "page_table.h"
#include "tlb.h"
#include "vma.h"

// What is left when memory is nearly full is for the kernel and for small
// processes, so that it is the one that eats memory which is refused, not the
// shell that wants to end it.
static struct page *user_page(const struct mm *mm)
{
    if (pages_free() < pages_total() / 32 && mm->pages > pages_total() / 128)
        return NULL;
    return page_alloc(0);
}

void fault_set_entry(struct mm *mm, uint64_t *pte, struct page *page,
                     uint64_t bits)
{
    spin_lock(&mm->table_lock);
    *pte = pte_make(page_to_phys(page), bits);
    mm->pages++;
    mm->max_pages = MAX(mm->max_pages, mm->pages);
    spin_unlock(&mm->table_lock);
}

static int fault_anonymous(struct vma *vma, uint64_t *pte)
{
    struct page *page = user_page(vma->mm);
    if (!page)
        return -ENOMEM;
    memset(page_to_virt(page), 0, PAGE_SIZE);
    if (vma->flags & VMA_EXEC)
        tlb_sync_code(vma->mm, page);
    vma->private_pages = true;
    fault_set_entry(vma->mm, pte, page, pte_user_bits(vma->flags));
    return 0;
}

// ---- copy on write ----

struct page *fault_private_copy(struct vma *vma, const struct page *page)
{
    struct page *copy = user_page(vma->mm);
    if (!copy)
        return NULL;
    memcpy(page_to_virt(copy), page_to_virt(page), PAGE_SIZE);
    if (vma->flags & VMA_EXEC)
        tlb_sync_code(vma->mm, copy);
    vma->private_pages = true;
    return copy;
}

// Put a copy in the place of the page that the entry names, if it still does.
// Other harts may read the old one until they are told.
static int copy_on_write(struct vma *vma, uaddr addr, uint64_t *pte,
                         uint64_t old)
{
    struct tlb_batch batch;
    struct mm *mm = vma->mm;
    struct page *copy = fault_private_copy(vma, pte_page(old));
    if (!copy)
        return -ENOMEM;
    tlb_batch_init(&batch, mm);
    spin_lock(&mm->table_lock);
    bool unchanged = *pte == old;
    if (unchanged)
        *pte = pte_make(page_to_phys(copy), pte_user_bits(vma->flags));
    spin_unlock(&mm->table_lock);
    tlb_batch_add(&batch, addr, unchanged ? pte_page(old) : copy);
    tlb_batch_flush(&batch);
    return 0;
}

// The page is there. Either this is a write that wants a copy, or the entry is
// good and this hart has held on to what it was before: an entry that becomes
// valid, or allows more, is not announced, since a hart that needs it comes
// here at worst.
static int fault_present(struct vma *vma, uaddr addr, uint64_t *pte,
                         unsigned access)
{
    struct mm *mm = vma->mm;
    struct page *shared = NULL;
    spin_lock(&mm->table_lock);
    uint64_t old = *pte;
    if (access != VMA_WRITE || !(old & PTE_PAGE) || old & PTE_WRITE) {
        tlb_flush_local(addr);
    } else {
        // With one reference, nobody else has the page, nor can get it without
        // mm->lock.
        struct page *page = pte_page(old);
        if (!page->owner && __atomic_load_n(&page->refs, __ATOMIC_ACQUIRE) == 1)
            *pte |= PTE_WRITE | PTE_DIRTY;
        else
            page_get(shared = page);
    }
    spin_unlock(&mm->table_lock);
    if (!shared)
        return 0;
    int error = copy_on_write(vma, addr, pte, old);
    page_put(shared);
    return error;
}

// ---- the fault ----

static bool permitted(unsigned flags, unsigned access)
{
    // As pte_user_bits: what may be written may be read.
    if (access == VMA_READ)
        return flags & (VMA_READ | VMA_WRITE);
    return flags & access;
}

int fault_resolve(struct vma *vma, uaddr addr, unsigned access)
{
    if (!permitted(vma->flags, access))
        return -EACCES;
    uint64_t *pte = page_table_create(vma->mm->root, addr);
    if (!pte)
        return -ENOMEM;
    if (!(READ_ONCE(*pte) & PTE_PAGE))
        return vma->cache ? fault_cached(vma, addr, pte, access)
                          : fault_anonymous(vma, pte);
    if (access == VMA_WRITE && vma->flags & VMA_SHARED)
        return fault_shared_write(vma, addr, pte);
    return fault_present(vma, addr, pte, access);
}

// Let a stack that begins above addr grow down to it.
static bool grow_stack(struct vma *vma, uaddr addr)
{
    struct vma *below = vma_previous(vma);
    uint64_t more = vma->start - addr;
    if (!(vma->flags & VMA_GROWS_DOWN) || addr < PAGE_SIZE)
        return false;
    if (vma->end - addr > vma->mm->limit_stack || !mm_may_expand(vma->mm, more))
        return false;
    if (below && below->flags & (VMA_READ | VMA_WRITE | VMA_EXEC) &&
        !(below->flags & VMA_GROWS_DOWN) && addr - below->end < STACK_GAP)
        return false;
    vma_resize(vma, addr, vma->end);
    return true;
}

static int fault_locked(struct mm *mm, uaddr addr, unsigned access)
{
    struct vma *vma = vma_find(mm, addr);
    if (!vma || (addr < vma->start && !grow_stack(vma, addr)))
        return -EFAULT;
    return fault_resolve(vma, addr, access);
}

int mm_fault(struct mm *mm, uaddr addr, unsigned access)
{
    if (addr >= USER_TOP)
        return -EFAULT;
    int error;
    do {
        mutex_lock(&mm->lock);
        error = fault_locked(mm, ALIGN_DOWN(addr, PAGE_SIZE), access);
        mutex_unlock(&mm->lock);
    } while (error == -ENOMEM && page_cache_reclaim());
    return error;
}
