// SPDX-License-Identifier: MIT
//
// Files about memory: /proc/meminfo and /proc/kmalloc, and of each process
// maps and statm, in the formats of proc(5).

#include <fs/proc.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <proc/task.h>
#include <stdio.h>

static void line(struct text *text, const char *name, uint64_t bytes)
{
    text_printf(text, "%-15s %8lu kB\n", name, bytes / KiB);
}

static void show_meminfo(struct text *text)
{
    uint64_t total = pages_total() * PAGE_SIZE;
    uint64_t free = pages_free() * PAGE_SIZE;
    uint64_t cached = page_cache_pages() * PAGE_SIZE;
    uint64_t slab = 0;
    struct kmalloc_stats stats;
    for (unsigned i = 0; kmalloc_stats(i, &stats); i++)
        slab += stats.pages * PAGE_SIZE;
    line(text, "MemTotal:", total);
    line(text, "MemFree:", free);
    line(text, "MemAvailable:", free);  // nothing cached could be read again
    line(text, "Buffers:", 0);
    line(text, "Cached:", cached);
    line(text, "SwapCached:", 0);
    line(text, "SwapTotal:", 0);
    line(text, "SwapFree:", 0);
    line(text, "Dirty:", 0);
    line(text, "Writeback:", 0);
    line(text, "Shmem:", cached);
    line(text, "Slab:", slab);
    line(text, "SReclaimable:", 0);
    line(text, "SUnreclaim:", slab);
    line(text, "KernelLive:", kmalloc_live());
}

PROC_FILE(meminfo) = {.path = "meminfo", .show = show_meminfo};

static void show_kmalloc(struct text *text)
{
    struct kmalloc_stats s;
    text_printf(text, "# size     live    pages    allocated\n");
    for (unsigned i = 0; kmalloc_stats(i, &s); i++) {
        char size[24] = "pages";
        if (s.size)
            snprintf(size, sizeof(size), "%lu", s.size);
        text_printf(text, "%6s %8lu %8lu %12lu\n", size, s.live, s.pages,
                    s.allocated);
    }
}

PROC_FILE(kmalloc) = {.path = "kmalloc", .show = show_kmalloc};

// ---- of a process ----

static const char *vma_name(const struct vma *vma)
{
    if (vma->name)
        return vma->name;
    if (vma->flags & VMA_HEAP)
        return "[heap]";
    return vma->flags & VMA_STACK ? "[stack]" : "";
}

// path: room for PATH_MAX bytes.
static void show_vma(struct text *text, struct vma *vma, char *path)
{
    uint64_t inode = 0;
    if (vma->file)
        vma->file_ops->describe(vma->file, path, PATH_MAX, &inode);
    else
        snprintf(path, PATH_MAX, "%s", vma_name(vma));
    size_t start = text->length;
    text_printf(
        text, "%08lx-%08lx %c%c%c%c %08lx 00:00 %lu", vma->start, vma->end,
        vma->flags & VMA_READ ? 'r' : '-', vma->flags & VMA_WRITE ? 'w' : '-',
        vma->flags & VMA_EXEC ? 'x' : '-', vma->flags & VMA_SHARED ? 's' : 'p',
        vma->cache ? vma->cache_index * PAGE_SIZE : 0, inode);
    // Linux pads with spaces up to the name's column.
    if (path[0])
        text_printf(text, "%*s%s",
                    (int)MAX(1l, 73l - (long)(text->length - start)), " ",
                    path);
    text_append(text, "\n", 1);
}

static void show_maps(struct text *text, struct process *process)
{
    struct mm *mm = process_mm(process);
    char *path = kmalloc(PATH_MAX);
    struct vma *vma;
    if (!path)
        text->failed = true;
    if (mm && path) {
        WITH_MUTEX(&mm->lock) {
            list_for_each(vma, &mm->vmas, node)
                show_vma(text, vma, path);
        }
    }
    kfree(path);
    if (mm)
        mm_put(mm);
}

PROC_PID_FILE(maps) = {.name = "maps", .show = show_maps};

// size resident shared text lib data dt, in pages
static void show_statm(struct text *text, struct process *process)
{
    struct mm *mm = process_mm(process);
    uint64_t size = 0, resident = 0, code = 0, data = 0;
    struct vma *vma;
    if (mm) {
        WITH_MUTEX(&mm->lock) {
            list_for_each(vma, &mm->vmas, node) {
                uint64_t pages = (vma->end - vma->start) / PAGE_SIZE;
                code += vma->flags & VMA_EXEC ? pages : 0;
                data += (vma->flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE
                            ? pages
                            : 0;
            }
            size = mm->total_pages;
            resident = mm->pages;
        }
        mm_put(mm);
    }
    text_printf(text, "%lu %lu 0 %lu 0 %lu 0\n", size, resident, code, data);
}

PROC_PID_FILE(statm) = {.name = "statm", .show = show_statm};
