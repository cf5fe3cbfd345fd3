// SPDX-License-Identifier: MIT
//
// Mapping ELF programs: fixed (ET_EXEC) and position-independent (ET_DYN) ones,
// with the interpreter that PT_INTERP names. Nothing is read but the headers;
// pages come from the file's page cache as they are touched.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <riscv/memory_layout.h>
#include <string.h>

#include "exec.h"

#define HEADERS_MAX      (64 * KiB)
#define PIE_BASE         ALIGN_DOWN(USER_TOP / 3 * 2, PAGE_SIZE)
#define PIE_RANDOM_PAGES (1 << 18)  // 1 GiB
#define BRK_RANDOM_PAGES (1 << 13)  // 32 MiB

struct image {
    struct file *file;
    struct elf_header header;
    struct elf_segment *segments;  // header.phnum, kmalloc
    uaddr start, end;              // of all loaded segments, before the bias
    uint64_t align;                // the largest that a segment asks for
    uint64_t bias;                 // where it is minus where it was linked for
};

static bool header_ok(const struct elf_header *h)
{
    return memcmp(h->ident, ELF_IDENT, sizeof(ELF_IDENT) - 1) == 0 &&
           (h->type == ET_EXEC || h->type == ET_DYN) &&
           h->machine == EM_RISCV &&
           h->phentsize == sizeof(struct elf_segment) && h->phnum > 0 &&
           h->phnum * sizeof(struct elf_segment) <= HEADERS_MAX;
}

// Can the segment be mapped as it is, and lies it in user space?
static bool segment_ok(const struct elf_segment *s)
{
    return s->filesz <= s->memsz && s->memsz <= USER_TOP &&
           s->vaddr <= USER_TOP - s->memsz &&
           (s->vaddr - s->offset) % PAGE_SIZE == 0 &&
           (s->align & (s->align - 1)) == 0;
}

// Take the sum of what is to be loaded.
static int measure(struct image *image)
{
    image->start = USER_TOP;
    image->align = PAGE_SIZE;
    for (unsigned i = 0; i < image->header.phnum; i++) {
        const struct elf_segment *s = &image->segments[i];
        if (s->type != PT_LOAD)
            continue;
        if (!segment_ok(s))
            return -ENOEXEC;
        image->start = MIN(image->start, ALIGN_DOWN(s->vaddr, PAGE_SIZE));
        image->end = MAX(image->end, s->vaddr + s->memsz);
        image->align = MAX(image->align, s->align);
    }
    return image->start < image->end ? 0 : -ENOEXEC;
}

// image->segments is the caller's to free, also after an error.
static int read_image(struct file *file, struct image *image)
{
    *image = (struct image){.file = file};
    struct elf_header *h = &image->header;
    int error = exec_read(file, 0, h, sizeof(*h));
    if (error)
        return error;
    if (!header_ok(h))
        return -ENOEXEC;
    size_t size = h->phnum * sizeof(struct elf_segment);
    image->segments = kmalloc(size);
    if (!image->segments)
        return -ENOMEM;
    error = exec_read(file, h->phoff, image->segments, size);
    return error ? error : measure(image);
}

static const struct elf_segment *find_segment(const struct image *image,
                                              uint32_t type)
{
    for (unsigned i = 0; i < image->header.phnum; i++)
        if (image->segments[i].type == type)
            return &image->segments[i];
    return NULL;
}

static unsigned vma_flags_of(const struct elf_segment *s)
{
    return (s->flags & PF_R ? VMA_READ : 0) |
           (s->flags & PF_W ? VMA_WRITE : 0) | (s->flags & PF_X ? VMA_EXEC : 0);
}

// The part of a segment that is in the file.
static int map_file_part(struct mm *mm, const struct image *image,
                         const struct elf_segment *s)
{
    uaddr at = image->bias + s->vaddr;
    uint64_t slack = at % PAGE_SIZE;
    struct mm_map map = {
        .addr = at - slack,
        .length = ALIGN_UP(s->filesz + slack, PAGE_SIZE),
        .flags = vma_flags_of(s),
        .fixed = true,
        .cache_index = (s->offset - slack) / PAGE_SIZE,
    };
    int error = file_mmap(image->file, &map);
    if (error)
        return error;
    int64_t mapped = mm_map(mm, &map);
    return mapped < 0 ? mapped : 0;
}

// Clear [start, end), which lies within a page.
static int zero_part(struct mm *mm, uaddr start, uaddr end)
{
    static const char zeros[PAGE_SIZE];
    ssize_t n = end - start;
    return n == 0 || mm_write(mm, start, zeros, n) == n ? 0 : -ENOMEM;
}

// The part that is not: the rest of the last file page, and whole pages.
static int map_zero_part(struct mm *mm, const struct image *image,
                         const struct elf_segment *s)
{
    uaddr start = image->bias + s->vaddr + s->filesz;
    uaddr end = ALIGN_UP(image->bias + s->vaddr + s->memsz, PAGE_SIZE);
    uaddr pages =
        s->filesz ? ALIGN_UP(start, PAGE_SIZE) : ALIGN_DOWN(start, PAGE_SIZE);
    if (s->filesz && s->flags & PF_W) {
        int error = zero_part(mm, start, pages);
        if (error)
            return error;
    }
    if (pages >= end)
        return 0;
    struct mm_map map = {.addr = pages,
                         .length = end - pages,
                         .flags = vma_flags_of(s),
                         .fixed = true};
    int64_t mapped = mm_map(mm, &map);
    return mapped < 0 ? mapped : 0;
}

static int map_image(struct mm *mm, const struct image *image)
{
    for (unsigned i = 0; i < image->header.phnum; i++) {
        const struct elf_segment *s = &image->segments[i];
        if (s->type != PT_LOAD || s->memsz == 0)
            continue;
        int error = s->filesz ? map_file_part(mm, image, s) : 0;
        if (!error && s->memsz > s->filesz)
            error = map_zero_part(mm, image, s);
        if (error)
            return error;
    }
    return 0;
}

// Find a free place for an interpreter, with all its segments together. Nobody
// else uses the address space yet, so what is free now stays free.
static int place_interpreter(struct mm *mm, struct image *image)
{
    uint64_t length = image->end - image->start + image->align;
    struct mm_map map = {.length = ALIGN_UP(length, PAGE_SIZE)};
    int64_t found = mm_map(mm, &map);
    if (found < 0)
        return found;
    image->bias = ALIGN_UP((uaddr)found, image->align) -
                  ALIGN_DOWN(image->start, image->align);
    return mm_unmap(mm, found, map.length);
}

static int load_interpreter(struct exec *exec, const struct elf_segment *s)
{
    char path[PATH_MAX];
    if (s->filesz < 2 || s->filesz > sizeof(path))
        return -ENOEXEC;
    int error = exec_read(exec->file, s->offset, path, s->filesz);
    if (error)
        return error;
    if (path[s->filesz - 1] != '\0')
        return -ENOEXEC;
    struct file *file;
    error = exec_open(AT_FDCWD, path, 0, &file);
    if (error)
        return error;
    struct image image;
    error = read_image(file, &image);
    if (error == -ENOEXEC)
        error = -ELIBBAD;
    if (!error && image.header.type == ET_DYN)
        error = place_interpreter(exec->mm, &image);
    if (!error)
        error = map_image(exec->mm, &image);
    exec->interpreter = image.bias + image.start;
    exec->entry = image.bias + image.header.entry;
    kfree(image.segments);
    file_put(file);
    return error;
}

// Where the program headers lie in memory, for the C library's start-up code.
static uaddr headers_address(const struct image *image)
{
    uint64_t offset = image->header.phoff;
    const struct elf_segment *headers = find_segment(image, PT_PHDR);
    if (headers)
        return image->bias + headers->vaddr;
    for (unsigned i = 0; i < image->header.phnum; i++) {
        const struct elf_segment *s = &image->segments[i];
        if (s->type == PT_LOAD && offset >= s->offset &&
            offset - s->offset < s->filesz)
            return image->bias + s->vaddr + (offset - s->offset);
    }
    return 0;
}

static int load_program(struct exec *exec, struct image *image)
{
    struct mm *mm = exec->mm;
    const struct elf_segment *stack = find_segment(image, PT_GNU_STACK);
    const struct elf_segment *interpreter = find_segment(image, PT_INTERP);
    if (image->header.type == ET_DYN)
        image->bias = ALIGN_UP(PIE_BASE + exec_random_pages(PIE_RANDOM_PAGES),
                               image->align) -
                      ALIGN_DOWN(image->start, image->align);
    if (image->bias + image->end > mm->mmap_base)
        return -ENOMEM;
    int error = map_image(mm, image);
    if (error)
        return error;
    mm->brk_start = mm->brk = ALIGN_UP(image->bias + image->end, PAGE_SIZE) +
                              exec_random_pages(BRK_RANDOM_PAGES);
    exec->executable_stack = stack && stack->flags & PF_X;
    exec->entry = exec->program_entry = image->bias + image->header.entry;
    exec->headers = headers_address(image);
    exec->header_count = image->header.phnum;
    return interpreter ? load_interpreter(exec, interpreter) : 0;
}

int elf_load(struct exec *exec)
{
    struct image image;
    int error = read_image(exec->file, &image);
    if (!error)
        error = load_program(exec, &image);
    kfree(image.segments);
    return error;
}
