// SPDX-License-Identifier: MIT
//
// System calls that shape an address space: brk(2), mmap(2), munmap(2),
// mprotect(2), mremap(2). They check what Linux checks and call <mm/mm.h>.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/mman.h>
#include <fs/file.h>
#include <mm/mm.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

long sys_brk(uaddr brk)
{
    return mm_set_brk(current->mm, brk);
}

// ---- mmap ----

// Flags that a mapping of type MAP_SHARED_VALIDATE may have.
#define KNOWN_FLAGS                                                         \
    (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE | \
     MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |           \
     MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_FIXED_NOREPLACE)

// The VMA flags for mmap's arguments, or -errno.
static int64_t vma_flags(unsigned long prot, unsigned long flags)
{
    unsigned long type = flags & MAP_TYPE;
    unsigned vma = prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
    if (type != MAP_PRIVATE && type != MAP_SHARED &&
        type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (type == MAP_SHARED_VALIDATE && flags & ~(unsigned long)KNOWN_FLAGS)
        return -EOPNOTSUPP;
    if (flags & MAP_HUGETLB)
        return -ENOMEM;  // the pool of huge pages is empty
    if (type != MAP_PRIVATE)
        vma |= VMA_SHARED;
    if (flags & MAP_GROWSDOWN) {
        if (type != MAP_PRIVATE || !(flags & MAP_ANONYMOUS))
            return -EINVAL;
        vma |= VMA_GROWS_DOWN;
    }
    if (flags & MAP_NORESERVE)
        vma |= VMA_NORESERVE;
    return vma;
}

// Find out what stands behind the mapping.
static int set_backing(struct mm_map *map, struct file *file)
{
    if (file) {
        int error = file_mmap(file, map);
        if (error)
            return error;
        if (map->flags & VMA_SHARED && (file->flags & O_ACCMODE) != O_RDWR)
            map->flags |= VMA_READ_ONLY_FILE;
    }
    if (map->cache || !(map->flags & VMA_SHARED))
        return 0;
    if (!mm_may_commit(map->length))
        return -ENOMEM;
    return shared_memory_create(map);
}

static int64_t map_file(const struct mm_map *wanted, struct file *file)
{
    struct mm_map map = *wanted;
    int error = set_backing(&map, file);
    if (error)
        return error;
    int64_t addr = mm_map(current->mm, &map);
    if (map.file && map.file != file)  // the VMA has its own reference
        map.file_ops->put(map.file);
    return addr;
}

long sys_mmap(uaddr addr, unsigned long length, unsigned long prot,
              unsigned long flags, long fd, unsigned long offset)
{
    struct file *file = NULL;
    int64_t vma = vma_flags(prot, flags);
    if (offset % PAGE_SIZE || length == 0)
        return -EINVAL;
    if (length > INT64_MAX)
        return -ENOMEM;
    if (ALIGN_UP(length, PAGE_SIZE) / PAGE_SIZE + offset / PAGE_SIZE >
        INT64_MAX >> PAGE_SHIFT)
        return -EOVERFLOW;
    if (!(flags & MAP_ANONYMOUS) && !(file = fd_get(fd)))
        return -EBADF;
    struct mm_map map = {
        .addr = addr,
        .length = length,
        .flags = vma,
        .fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE),
        .noreplace = flags & MAP_FIXED_NOREPLACE,
        .cache_index = file ? offset / PAGE_SIZE : 0,
    };
    int64_t mapped = vma < 0 ? vma : map_file(&map, file);
    if (file)
        file_put(file);
    bool fill = flags & MAP_LOCKED || current->mm->lock_future ||
                (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
    // What cannot be filled now faults later, as Linux has it.
    if (mapped >= 0 && fill)
        (void)mm_populate(current->mm, mapped, ALIGN_UP(length, PAGE_SIZE), 0);
    return mapped;
}

long sys_munmap(uaddr addr, unsigned long length)
{
    return mm_unmap(current->mm, addr, length);
}

// ---- mprotect ----

// PROT_GROWSDOWN: from the start of the growing mapping on.
static int64_t growing_start(struct mm *mm, uaddr addr)
{
    WITH_MUTEX(&mm->lock) {
        struct vma *vma = vma_find(mm, addr);
        if (!vma || addr < vma->start)
            return -ENOMEM;
        if (!(vma->flags & VMA_GROWS_DOWN))
            return -EINVAL;
        return vma->start;
    }
    return -ENOMEM;
}

long sys_mprotect(uaddr addr, unsigned long length, unsigned long prot)
{
    unsigned long grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
    prot &= ~(unsigned long)(PROT_GROWSDOWN | PROT_GROWSUP);
    if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM) ||
        addr % PAGE_SIZE || grows & PROT_GROWSUP)
        return -EINVAL;
    if (grows && length > 0) {
        int64_t start = growing_start(current->mm, addr);
        if (start < 0)
            return start;
        length += addr - start;
        addr = start;
    }
    return mm_protect(current->mm, addr, length, prot & ~PROT_SEM);
}

// ---- mremap ----

static int check_remap(const struct mm_remap *r, unsigned long flags)
{
    if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) ||
        (r->fixed && !r->move) || (r->keep && !r->move) ||
        (r->keep && r->old_length != r->new_length))
        return -EINVAL;
    if (r->old % PAGE_SIZE || r->new_length == 0)
        return -EINVAL;
    if (r->new_length > USER_TOP)
        return -ENOMEM;
    if (!r->fixed)
        return 0;
    if (r->target % PAGE_SIZE || r->target > USER_TOP - r->new_length)
        return -EINVAL;
    bool apart = r->target + r->new_length <= r->old ||
                 r->old + r->old_length <= r->target;
    return apart ? 0 : -EINVAL;
}

long sys_mremap(uaddr old, unsigned long old_length, unsigned long new_length,
                unsigned long flags, uaddr target)
{
    struct mm_remap remap = {
        .old = old,
        .old_length = ALIGN_UP(old_length, PAGE_SIZE),
        .new_length = ALIGN_UP(new_length, PAGE_SIZE),
        .move = flags & MREMAP_MAYMOVE,
        .fixed = flags & MREMAP_FIXED,
        .keep = flags & MREMAP_DONTUNMAP,
        .target = target,
    };
    int error = check_remap(&remap, flags);
    return error ? error : mm_remap(current->mm, &remap);
}
