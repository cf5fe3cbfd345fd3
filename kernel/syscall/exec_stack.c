// SPDX-License-Identifier: MIT
//
// The stack that a program starts with, as the RISC-V psABI and Linux have it,
// from the top: a zero word, the program's path, the strings of the environment
// and of the arguments, 16 random bytes, the auxiliary vector, the pointers to
// the environment and to the arguments, and at sp the argument count.

#include <abi/errno.h>
#include <abi/process.h>
#include <abi/signal.h>
#include <dev/bootargs.h>
#include <lib/random.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <proc/vdso.h>
#include <riscv/memory_layout.h>
#include <string.h>

#include "exec.h"

#define STACK_RANDOM_PAGES (1 << 18)  // 1 GiB, as Linux with 64 bits
#define MMAP_RANDOM_PAGES  (1 << 18)
#define MIN_GAP            (128 * MiB)  // for the stack to grow into
#define FIRST_STACK        (128 * KiB)  // mapped beyond what is in use

// What the programs may use: base, multiplication, atomics, floating point,
// compressed; bits as in misa. Never V, whose registers the kernel does not
// save.
#define HWCAP_BIT(letter) (1ul << ((letter) - 'A'))
#define HWCAP                                                            \
    (HWCAP_BIT('I') | HWCAP_BIT('M') | HWCAP_BIT('A') | HWCAP_BIT('F') | \
     HWCAP_BIT('D') | HWCAP_BIT('C'))

#define CLOCK_TICKS 100  // units of times(2) a second

uint64_t exec_random_pages(uint32_t count)
{
    if (bootarg_flag("noaslr"))
        return 0;
    return random_below(count) * PAGE_SIZE;
}

void exec_layout(struct exec *exec)
{
    struct mm *mm = exec->mm;
    uint64_t stack = current_process()->limits[RLIMIT_STACK].soft;
    uint64_t gap = MAX(MIN_GAP, MIN(stack, USER_TOP / 6ul * 5));
    mm->stack_top =
        USER_TOP - PAGE_SIZE - exec_random_pages(STACK_RANDOM_PAGES);
    mm->mmap_base = ALIGN_DOWN(mm->stack_top - gap, PAGE_SIZE) -
                    exec_random_pages(MMAP_RANDOM_PAGES);
}

// Where the parts of the stack go; addresses are in the new address space.
struct layout {
    uaddr path, envp, argv, prefix, random;
    uint64_t argc;
    uint64_t words;  // of the array at sp
};

// Past the first argument, if a script's interpreter takes its place.
static size_t first_argument_length(const struct exec *exec)
{
    return exec->script && exec->argv.count ? strlen(exec->argv.data) + 1 : 0;
}

static uint64_t auxv_fill(const struct exec *exec, const struct layout *layout,
                          uint64_t *auxv)
{
    const struct process *process = current_process();
    const uint64_t pairs[][2] = {
        {AT_SYSINFO_EHDR, exec->mm->vdso},
        {AT_MINSIGSTKSZ, ALIGN_UP(sizeof(struct abi_sigframe), 16)},
        {AT_HWCAP, HWCAP},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_CLKTCK, CLOCK_TICKS},
        {AT_PHDR, exec->headers},
        {AT_PHENT, sizeof(struct elf_segment)},
        {AT_PHNUM, exec->header_count},
        {AT_BASE, exec->interpreter},
        {AT_FLAGS, 0},
        {AT_ENTRY, exec->program_entry},
        {AT_UID, process->uid},
        {AT_EUID, exec->euid},
        {AT_GID, process->gid},
        {AT_EGID, exec->egid},
        {AT_SECURE, exec->secure},
        {AT_RANDOM, layout->random},
        {AT_HWCAP2, 0},
        {AT_EXECFN, layout->path},
        {AT_NULL, 0},
    };
    _Static_assert(sizeof(pairs) <= sizeof(exec->mm->auxv), "auxv");
    memcpy(auxv, pairs, sizeof(pairs));
    return ARRAY_SIZE(pairs) * 2;
}

// Addresses from the top down. The result is sp.
static uaddr lay_out(struct exec *exec, struct layout *layout)
{
    uint64_t unused[ARRAY_SIZE(exec->mm->auxv)];
    size_t dropped = first_argument_length(exec);
    layout->path =
        exec->mm->stack_top - sizeof(uint64_t) - (strlen(exec->path) + 1);
    layout->envp = layout->path - exec->envp.used;
    layout->argv = layout->envp - (exec->argv.used - dropped);
    layout->prefix = layout->argv - exec->prefix.used;
    layout->random = ALIGN_DOWN(layout->prefix - 16, 16);
    layout->argc = exec->prefix.count + exec->argv.count - (dropped != 0);
    layout->words = 1 + layout->argc + 1 + exec->envp.count + 1 +
                    auxv_fill(exec, layout, unused);
    return ALIGN_DOWN(layout->random - layout->words * sizeof(uint64_t), 16);
}

// Append the addresses of the strings in data, which will be at `at`.
static uint64_t *point_to(uint64_t *words, const char *data, size_t used,
                          uaddr at)
{
    for (size_t i = 0; i < used; i += strlen(data + i) + 1)
        *words++ = at + i;
    return words;
}

static int write_words(struct exec *exec, const struct layout *layout)
{
    size_t size = layout->words * sizeof(uint64_t);
    size_t dropped = first_argument_length(exec);
    uint64_t *words = kmalloc(size), *w = words;
    if (!words)
        return -ENOMEM;
    *w++ = layout->argc;
    w = point_to(w, exec->prefix.data, exec->prefix.used, layout->prefix);
    w = point_to(w, exec->argv.data + dropped, exec->argv.used - dropped,
                 layout->argv);
    *w++ = 0;
    w = point_to(w, exec->envp.data, exec->envp.used, layout->envp);
    *w++ = 0;
    uint64_t count = auxv_fill(exec, layout, exec->mm->auxv);
    memcpy(w, exec->mm->auxv, count * sizeof(uint64_t));
    ssize_t written = mm_write(exec->mm, exec->sp, words, size);
    kfree(words);
    return written == (ssize_t)size ? 0 : -ENOMEM;
}

static int write_strings(struct exec *exec, const struct layout *layout)
{
    uint8_t random[16];
    random_bytes(random, sizeof(random));
    size_t dropped = first_argument_length(exec);
    const struct {
        uaddr at;
        const void *data;
        size_t n;
    } parts[] = {
        {layout->path, exec->path, strlen(exec->path) + 1},
        {layout->envp, exec->envp.data, exec->envp.used},
        {layout->argv, exec->argv.data + dropped, exec->argv.used - dropped},
        {layout->prefix, exec->prefix.data, exec->prefix.used},
        {layout->random, random, sizeof(random)},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
        if (parts[i].n == 0)
            continue;
        ssize_t written =
            mm_write(exec->mm, parts[i].at, parts[i].data, parts[i].n);
        if (written != (ssize_t)parts[i].n)
            return -ENOMEM;
    }
    return 0;
}

int exec_stack(struct exec *exec)
{
    struct mm *mm = exec->mm;
    struct layout layout;
    exec->sp = lay_out(exec, &layout);
    uaddr bottom = ALIGN_DOWN(exec->sp - FIRST_STACK, PAGE_SIZE);
    unsigned exec_flag = exec->executable_stack ? VMA_EXEC : 0;
    struct mm_map map = {
        .addr = bottom,
        .length = mm->stack_top - bottom,
        .flags = VMA_READ | VMA_WRITE | exec_flag | VMA_GROWS_DOWN | VMA_STACK,
        .fixed = true,
    };
    int64_t error = mm_map(mm, &map);
    if (error < 0)
        return error;
    mm->arg_start = layout.prefix;
    mm->arg_end = mm->env_start = layout.envp;
    mm->env_end = layout.path;
    error = write_strings(exec, &layout);
    return error ? error : write_words(exec, &layout);
}
