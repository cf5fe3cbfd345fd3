// SPDX-License-Identifier: MIT
//
// System calls about memory that is mapped already: madvise(2), mincore(2),
// msync(2), mlock(2) and its family.

#include <abi/errno.h>
#include <abi/mman.h>
#include <mm/kmalloc.h>
#include <mm/mm.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

// Call visit for each VMA of the range, with its part of it. The first error,
// or -ENOMEM at the end if there was a hole; visit NULL: only look for holes.
static int for_each_vma(uaddr start, uaddr end,
                        int (*visit)(struct vma *vma, uaddr from, uaddr to))
{
    struct mm *mm = current->mm;
    int error = 0, hole = 0;
    WITH_MUTEX(&mm->lock) {
        for (uaddr at = start; at < end && !error;) {
            struct vma *vma = vma_find(mm, at);
            if (!vma || at < vma->start)
                hole = -ENOMEM;
            if (!vma || vma->start >= end)
                break;
            uaddr from = MAX(at, vma->start), to = MIN(end, vma->end);
            if (visit)
                error = visit(vma, from, to);
            at = to;
        }
    }
    return error ? error : hole;
}

// Check a range as most of these calls want it and round its length up.
static int check_range(uaddr start, unsigned long *length)
{
    *length = ALIGN_UP(*length + start % PAGE_SIZE, PAGE_SIZE);
    return start <= USER_TOP && *length <= USER_TOP - start ? 0 : -ENOMEM;
}

// ---- madvise ----

static int only_private(struct vma *vma, uaddr from, uaddr to)
{
    (void)from, (void)to;
    return vma->cache || vma->flags & VMA_SHARED ? -EINVAL : 0;
}

static int only_files(struct vma *vma, uaddr from, uaddr to)
{
    (void)from, (void)to;
    return vma->cache ? 0 : -EBADF;
}

static int discard(uaddr start, unsigned long length)
{
    return mm_discard(current->mm, start, length);
}

static int discard_private(uaddr start, unsigned long length)
{
    int error = for_each_vma(start, start + length, only_private);
    return error ? error : discard(start, length);
}

// Files are read ahead of their use; there is no swap to read from.
static int will_need(uaddr start, unsigned long length)
{
    int error = for_each_vma(start, start + length, only_files);
    if (!error)
        (void)mm_populate(current->mm, start, length, 0);
    return error;
}

static int populate(uaddr start, unsigned long length, unsigned access)
{
    int error = mm_populate(current->mm, start, length, access);
    return error == -EACCES || error == -EIO ? -EFAULT : error;
}

static int fork_advice(uaddr start, unsigned long length, unsigned set,
                       unsigned clear)
{
    int error = 0;
    if (set == VMA_WIPE_ON_FORK)
        error = for_each_vma(start, start + length, only_private);
    return error ? error : mm_set_flags(current->mm, start, length, set, clear);
}

static int advise(uaddr start, unsigned long length, unsigned advice)
{
    switch (advice) {
    case MADV_DONTNEED:
        return discard(start, length);
    case MADV_FREE:
        return discard_private(start, length);
    case MADV_WILLNEED:
        return will_need(start, length);
    case MADV_POPULATE_READ:
        return populate(start, length, VMA_READ);
    case MADV_POPULATE_WRITE:
        return populate(start, length, VMA_WRITE);
    case MADV_DONTFORK:
        return fork_advice(start, length, VMA_DONT_FORK, 0);
    case MADV_DOFORK:
        return fork_advice(start, length, 0, VMA_DONT_FORK);
    case MADV_WIPEONFORK:
        return fork_advice(start, length, VMA_WIPE_ON_FORK, 0);
    case MADV_KEEPONFORK:
        return fork_advice(start, length, 0, VMA_WIPE_ON_FORK);
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:  // there is no reading ahead to be tuned,
    case MADV_COLD:
    case MADV_PAGEOUT:  // nor swap,
    case MADV_DONTDUMP:
    case MADV_DODUMP:  // nor core dumps: all are done by doing nothing
        return for_each_vma(start, start + length, NULL);
    default:
        return -EINVAL;
    }
}

long sys_madvise(uaddr start, unsigned long length, long advice)
{
    if (start % PAGE_SIZE || length > INT64_MAX)
        return -EINVAL;
    if (check_range(start, &length))
        return -ENOMEM;
    return advise(start, length, (unsigned)advice);
}

// ---- mincore, msync ----

// Fill one page's worth of answers.
static int residency(uaddr start, size_t pages, uint8_t *answer)
{
    struct mm *mm = current->mm;
    WITH_MUTEX(&mm->lock) {
        for (size_t i = 0; i < pages; i++, start += PAGE_SIZE) {
            struct vma *vma = vma_find(mm, start);
            if (!vma || start < vma->start)
                return -ENOMEM;
            answer[i] = mm_resident(mm, vma, start);
        }
    }
    return 0;
}

long sys_mincore(uaddr start, unsigned long length, uaddr answer)
{
    uint8_t *buffer;
    if (start % PAGE_SIZE)
        return -EINVAL;
    if (length > INT64_MAX || check_range(start, &length))
        return -ENOMEM;
    if (!(buffer = kmalloc(PAGE_SIZE)))
        return -EAGAIN;
    int error = 0;
    for (size_t left = length / PAGE_SIZE, n; left > 0 && !error; left -= n) {
        n = MIN(left, PAGE_SIZE);
        error = residency(start, n, buffer);
        if (!error)
            error = copy_to_user(answer, buffer, n);
        start += n * PAGE_SIZE;
        answer += n;
    }
    kfree(buffer);
    return error;
}

static int sync_vma(struct vma *vma, uaddr from, uaddr to)
{
    (void)from, (void)to;
    if (!vma->cache || !(vma->flags & VMA_SHARED))
        return 0;
    return page_cache_sync(vma->cache);
}

long sys_msync(uaddr start, unsigned long length, unsigned long flags)
{
    if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
        (flags & MS_ASYNC && flags & MS_SYNC) || start % PAGE_SIZE)
        return -EINVAL;
    if (length > INT64_MAX || check_range(start, &length))
        return -ENOMEM;
    return for_each_vma(start, start + length,
                        flags & MS_SYNC ? sync_vma : NULL);
}

// ---- mlock: there is no swap, so what is resident stays ----

static long lock_range(uaddr start, unsigned long length, bool fill)
{
    if (length > INT64_MAX || check_range(start, &length))
        return -ENOMEM;
    start = ALIGN_DOWN(start, PAGE_SIZE);
    int error = for_each_vma(start, start + length, NULL);
    if (!error && fill)
        error = mm_populate(current->mm, start, length, 0);
    return error == -EIO ? -ENOMEM : error;
}

long sys_mlock(uaddr start, unsigned long length)
{
    return lock_range(start, length, true);
}

long sys_mlock2(uaddr start, unsigned long length, unsigned long flags)
{
    if (flags & ~(unsigned long)MLOCK_ONFAULT)
        return -EINVAL;
    return lock_range(start, length, !(flags & MLOCK_ONFAULT));
}

long sys_munlock(uaddr start, unsigned long length)
{
    return lock_range(start, length, false);
}

static int fill_vma(struct vma *vma, uaddr from, uaddr to)
{
    // Holes in files and pages past their end do not fail the call.
    int error = mm_populate_locked(vma->mm, from, to, 0);
    return error == -ENOMEM ? error : 0;
}

long sys_mlockall(unsigned long flags)
{
    if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ||
        flags == MCL_ONFAULT)
        return -EINVAL;
    WRITE_ONCE(current->mm->lock_future,
               (flags & MCL_FUTURE) && !(flags & MCL_ONFAULT));
    if (!(flags & MCL_CURRENT) || flags & MCL_ONFAULT)
        return 0;
    for_each_vma(0, USER_TOP, fill_vma);
    return 0;
}

long sys_munlockall(void)
{
    WRITE_ONCE(current->mm->lock_future, false);
    return 0;
}
