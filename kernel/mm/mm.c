// SPDX-License-Identifier: MIT
//
// Address spaces as a whole: made by exec, copied by fork, and freed when the
// last task that uses them is gone.

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <string.h>

#include "page_table.h"
#include "tlb.h"
#include "vma.h"

struct mm *mm_create(void)
{
    struct mm *mm = kzalloc(sizeof(*mm));
    struct page *root = page_alloc_zero();
    if (!mm || !root) {
        kfree(mm);
        if (root)
            page_put(root);
        return NULL;
    }
    mm->refs = mm->table_refs = 1;
    mutex_init(&mm->lock, RANK_MM, "mm");
    spin_init(&mm->table_lock, RANK_PAGE_TABLE, "page table");
    list_init(&mm->vmas);
    mm->root = page_to_virt(root);
    mm->satp = SATP_SV39 | page_to_phys(root) >> PAGE_SHIFT;
    memcpy(mm->root + USER_ENTRIES, kernel_root + USER_ENTRIES,
           (TABLE_ENTRIES - USER_ENTRIES) * sizeof(uint64_t));
    mm->limit_as = mm->limit_data = mm->limit_stack = UINT64_MAX;
    return mm;
}

void mm_get(struct mm *mm)
{
    __atomic_fetch_add(&mm->refs, 1, __ATOMIC_RELAXED);
}

void mm_put(struct mm *mm)
{
    struct vma *vma;
    if (__atomic_sub_fetch(&mm->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    // Off the page caches first, so that truncation does not come by.
    list_for_each(vma, &mm->vmas, node)
        vma_hide(vma);
    page_table_destroy(mm);
    vma_release(&mm->vmas);
    if (mm->exe_file)
        mm->exe_ops->put(mm->exe_file);
    tlb_table_put(mm);
}

// ---- fork ----

// Copy what fork shares of one leaf table: both sides lose write permission to
// private pages and copy them when they write.
static void share_table(struct mm *to, struct vma *vma, uaddr start, uaddr end,
                        uint64_t *copies, struct tlb_batch *batch)
{
    uint64_t *pte = page_table_find(vma->mm->root, start);
    for (uaddr at = start; at < end; at += PAGE_SIZE, pte++, copies++) {
        if (!(*pte & PTE_PAGE))
            continue;
        page_get(pte_page(*pte));
        if (*pte & PTE_WRITE && !(vma->flags & VMA_SHARED)) {
            *pte &= ~PTE_WRITE;
            tlb_batch_add(batch, at, NULL);
        }
        *copies = *pte;
        to->pages++;
    }
}

static int share_pages(struct mm *to, struct vma *vma, struct tlb_batch *batch)
{
    struct mm *from = vma->mm;
    for (uaddr next, start = vma->start; start < vma->end; start = next) {
        next = page_table_step(from->root, start, vma->end);
        if (!page_table_find(from->root, start))
            continue;
        uint64_t *copies = page_table_create(to->root, start);
        if (!copies)
            return -ENOMEM;
        WITH_LOCK(&from->table_lock)
            share_table(to, vma, start, next, copies, batch);
    }
    return 0;
}

static int fork_vma(struct mm *to, struct vma *vma, struct tlb_batch *batch)
{
    struct vma *copy = vma_copy(vma, vma->start, vma->end, vma->cache_index);
    if (!copy)
        return -ENOMEM;
    vma_link(to, copy);
    // What only stands in the page cache is found there again when needed,
    // which a child that calls exec never does.
    if (!vma->private_pages || vma->flags & VMA_WIPE_ON_FORK) {
        copy->private_pages = false;
        return 0;
    }
    int error = 0;
    if (vma->cache)  // no truncation between parent and child
        mutex_lock(&vma->cache->lock);
    error = share_pages(to, vma, batch);
    if (vma->cache)
        mutex_unlock(&vma->cache->lock);
    return error;
}

static void copy_layout(struct mm *to, const struct mm *from)
{
    to->brk_start = from->brk_start;
    to->brk = from->brk;
    to->stack_top = from->stack_top;
    to->arg_start = from->arg_start;
    to->arg_end = from->arg_end;
    to->env_start = from->env_start;
    to->env_end = from->env_end;
    to->mmap_base = from->mmap_base;
    to->vdso = from->vdso;
    to->limit_as = from->limit_as;
    to->limit_data = from->limit_data;
    to->limit_stack = from->limit_stack;
    memcpy(to->auxv, from->auxv, sizeof(to->auxv));
    to->exe_file = from->exe_file;
    to->exe_ops = from->exe_ops;
    if (to->exe_file)
        to->exe_ops->get(to->exe_file);
}

static int fork_vmas(struct mm *from, struct mm *to)
{
    struct tlb_batch batch;
    struct vma *vma;
    int error = 0;
    tlb_batch_init(&batch, from);
    list_for_each(vma, &from->vmas, node)
        if (!error && !(vma->flags & VMA_DONT_FORK))
            error = fork_vma(to, vma, &batch);
    tlb_batch_flush(&batch);
    return error;
}

int mm_fork(struct mm *from, struct mm **copy)
{
    struct mm *to = mm_create();
    int error = 0;
    if (!to)
        return -ENOMEM;
    WITH_MUTEX(&from->lock) {
        copy_layout(to, from);
        error = fork_vmas(from, to);
    }
    to->max_pages = to->pages;
    if (error)
        mm_put(to);
    else
        *copy = to;
    return error;
}
