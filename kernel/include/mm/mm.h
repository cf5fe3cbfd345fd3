// SPDX-License-Identifier: MIT
//
// Address spaces: a list of VMAs over an Sv39 page table. Pages come on demand,
// fork shares them copy-on-write.

#pragma once

#include <lib/lock.h>
#include <lib/types.h>
#include <mm/page_cache.h>

// Protection and kind of a VMA. The first three have PROT_*'s values.
enum vma_flags {
    VMA_READ = 1,
    VMA_WRITE = 2,
    VMA_EXEC = 4,
    VMA_SHARED = 8,       // writes go to the page cache or to other sharers
    VMA_GROWS_DOWN = 16,  // the stack
    VMA_STACK = 32,       // the main stack, for /proc maps
    VMA_HEAP = 64,        // grown by brk
    VMA_SPECIAL = 128,    // vDSO: cannot be grown or moved in part
    VMA_NORESERVE = 256,  // not counted against memory (MAP_NORESERVE)
    VMA_READ_ONLY_FILE = 512,  // may not become writable (shared, O_RDONLY)
    VMA_DONT_FORK = 1024,      // children do not get it
    VMA_WIPE_ON_FORK = 2048,   // children get it empty
};

// How a VMA holds on to its file without knowing files (floor 4 provides it).
struct vma_file_ops {
    void (*get)(void *file);
    void (*put)(void *file);
    // Write the path for /proc/PID/maps, at most n bytes with terminator; and
    // the numbers of the inode.
    void (*describe)(void *file, char *path, size_t n, uint64_t *inode);
};

// The mm's lock protects all of it. Where there is a cache, the address range
// and the index change only with the cache's lock held too, so that truncation
// may walk cache->mappings with that lock alone.
struct vma {
    struct list_node node;     // mm->vmas, in order of addresses
    uaddr start, end;          // page-aligned
    unsigned flags;            // VMA_*
    struct page_cache *cache;  // backing pages, NULL for anonymous memory
    uint64_t cache_index;      // page of the cache at start
    void *file;                // keeps the cache alive, or NULL
    const struct vma_file_ops *file_ops;
    struct list_node mapping;  // cache->mappings (the cache's lock)
    struct mm *mm;
    const char *name;    // "[vdso]" and the like, or NULL
    bool private_pages;  // may hold pages that are not the cache's
};

struct mm {
    uint32_t refs;               // (a) tasks that use it
    uint32_t table_refs;         // (a) one for all tasks, one per hart whose
                                 // satp holds the table
    struct mutex lock;           // RANK_MM: VMAs and brk
    struct list_node vmas;       // (lock)
    struct vma *last_found;      // (lock) cache of vma_find
    struct spinlock table_lock;  // RANK_PAGE_TABLE: the page table
    uint64_t *root;              // (table_lock) root page table
    uint64_t satp;               // (i)
    uint64_t harts;              // (a) bit i: harts[i] may hold translations
    uaddr brk_start, brk;        // (lock)
    uaddr stack_top;             // (i after exec)
    uaddr arg_start, arg_end;    // (i after exec) for /proc/PID/cmdline
    uaddr env_start, env_end;    // (i after exec)
    uaddr mmap_base;             // (i after exec) mappings go below this
    uaddr vdso;                  // (i after exec)
    uint64_t pages;              // (table_lock) resident pages
    uint64_t max_pages;          // (table_lock) the peak
    uint64_t total_pages;        // (lock) address space
    bool lock_future;            // (lock) mlockall: fill new mappings at once
    uint64_t limit_as;           // (lock) RLIMIT_AS in bytes
    uint64_t limit_data;         // (lock) RLIMIT_DATA
    uint64_t limit_stack;        // (lock) RLIMIT_STACK
    uint64_t auxv[48];           // (i after exec) for /proc/PID/auxv
    void *exe_file;  // (i after exec) the program, or NULL; holds a reference
    const struct vma_file_ops *exe_ops;  // (i after exec) how it does so
};

// An empty address space with one reference, or NULL. brk etc. are 0.
struct mm *mm_create(void);
void mm_get(struct mm *mm);
void mm_put(struct mm *mm);  // may sleep; the last one frees everything

// A copy-on-write copy for fork. 0 or -ENOMEM.
int mm_fork(struct mm *from, struct mm **copy);

// Make mm this hart's address space; no satp write if it is so already. NULL,
// for kernel threads, leaves the last one in place, since all share the
// kernel's half. Interrupts off or between tasks.
void mm_activate(struct mm *mm);

// Map pages at addr (page-aligned; with fixed exactly there, replacing what
// was), else at a free place near the hint. cache NULL: anonymous. file, ops:
// a reference is taken. Returns the address or -errno (-ENOMEM, -EINVAL,
// -EEXIST with noreplace).
struct mm_map {
    uaddr addr;
    uint64_t length;  // bytes, > 0
    unsigned flags;   // VMA_*
    bool fixed, noreplace;
    struct page_cache *cache;
    uint64_t cache_index;
    void *file;
    const struct vma_file_ops *file_ops;
    const char *name;
};
int64_t mm_map(struct mm *mm, const struct mm_map *map);
int mm_unmap(struct mm *mm, uaddr start, uint64_t length);
int mm_protect(struct mm *mm, uaddr start, uint64_t length, unsigned prot);
uaddr mm_set_brk(struct mm *mm, uaddr brk);  // the new or unchanged break

// Set up shared anonymous memory: fills in map's cache, file and file_ops and
// holds a reference that mm_map_shared_end drops. -ENOMEM.
int shared_memory_create(struct mm_map *map);
void shared_memory_put(void *file);

// mremap(2) on page-aligned arguments: resize the mapping at old, in place or,
// with move, elsewhere (fixed: exactly at target). keep: leave the old range
// mapped and empty. The address or -errno.
struct mm_remap {
    uaddr old;
    uint64_t old_length, new_length;
    bool move, fixed, keep;
    uaddr target;
};
int64_t mm_remap(struct mm *mm, const struct mm_remap *remap);

// Drop the pages in the range; they come back from the file or as zeros.
// -ENOMEM if part of it is not mapped (the rest is done).
int mm_discard(struct mm *mm, uaddr start, uint64_t length);

// Make all pages of the range resident. -ENOMEM if part of it is not mapped,
// else as mm_fault. access 0: as the mapping allows, writable ones for writing.
int mm_populate(struct mm *mm, uaddr start, uint64_t length, unsigned access);
int mm_populate_locked(struct mm *mm, uaddr start, uaddr end, unsigned access);

// Set and clear flags of the VMAs in the range that are not permissions.
// -ENOMEM if part of it is not mapped (the rest is done).
int mm_set_flags(struct mm *mm, uaddr start, uint64_t length, unsigned set,
                 unsigned clear);

// Is the page at addr resident? (mincore) Holds mm->lock.
bool mm_resident(struct mm *mm, struct vma *vma, uaddr addr);

// Resolve a fault at addr; access is one VMA_READ/WRITE/EXEC bit. 0, -EFAULT
// (no such mapping), -EACCES (not permitted), -ENOMEM, -EIO (past the end of
// the file: SIGBUS). May sleep.
int mm_fault(struct mm *mm, uaddr addr, unsigned access);

// What a copy does when mm_fault says -ENOMEM: wait until memory has been given
// back, if need be by killing a process. False: give up. Set by the process
// floor; may sleep.
extern bool (*mm_wait_for_memory)(void);

// The VMA that holds addr, or the first above it; NULL. Holds mm->lock.
struct vma *vma_find(struct mm *mm, uaddr addr);

// Copy between kernel memory and another task's address space (/proc/PID/
// cmdline and environ, process_vm_readv). Bytes copied, or -EFAULT if none.
ssize_t mm_read(struct mm *mm, uaddr from, void *to, size_t n);
ssize_t mm_write(struct mm *mm, uaddr to, const void *from, size_t n);

// New code was written: make every hart fetch it afresh (riscv_flush_icache,
// exec).
void mm_flush_icache(struct mm *mm);

// A full barrier on every hart that runs mm (or, all, on every hart).
void mm_fence(struct mm *mm, bool all);

// Pages that a mapping's data may take at most: one that asks for more than the
// machine has is refused (Linux's heuristic overcommit).
bool mm_may_commit(uint64_t bytes);

// Kernel stacks: the top of a fresh one, or NULL; and back. May sleep.
void *kstack_alloc(void);
void kstack_free(void *top);

// The kernel's own page table; each hart loads it at start.
extern uint64_t kernel_satp;
void mm_init_kernel_table(void);
