// SPDX-License-Identifier: MIT
//
// Names for addresses, from the table that tools/ksyms makes at link time, and
// the trace of calls that led to a place, by frame pointers.

#include <lib/hart.h>
#include <lib/log.h>

extern const char _start[];
extern const uint32_t ksym_count;
extern const uint32_t ksym_addresses[];     // offsets from _start, ascending
extern const uint32_t ksym_name_offsets[];  // into ksym_names
extern const char ksym_names[];

#define STACK_SPAN (16 * KiB)  // no stack of ours is larger
#define MAX_FRAMES 40

const char *symbol_name(uint64_t addr, uint64_t *offset)
{
    uint64_t distance = addr - (uint64_t)_start;
    uint32_t low = 0, high = ksym_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (ksym_addresses[middle] <= distance)
            low = middle + 1;
        else
            high = middle;
    }
    // Past the last function is all the rest of the address space.
    if (low == 0 || distance - ksym_addresses[low - 1] > MiB) {
        *offset = 0;
        return "?";
    }
    *offset = distance - ksym_addresses[low - 1];
    return ksym_names + ksym_name_offsets[low - 1];
}

// The end of the stack that fp points into: the task's, the one for overflows,
// or, before there are tasks, no more than is certain to be mapped.
static uint64_t stack_limit(uint64_t fp)
{
    const struct hart *hart = this_hart();
    uint64_t tops[] = {hart->kernel_sp, hart->overflow_sp};
    for (unsigned i = 0; i < ARRAY_SIZE(tops); i++)
        if (fp <= tops[i] && fp > tops[i] - STACK_SPAN)
            return tops[i];
    return ALIGN_UP(fp, PAGE_SIZE);
}

// back: 1 for a return address. It may lie behind the end of its function,
// whose last instruction was a call of one that does not return.
static void log_frame(uint64_t pc, unsigned back)
{
    uint64_t offset;
    const char *name = symbol_name(pc - back, &offset);
    log_line("  %016lx %s+0x%lx", pc, name, offset + back);
}

// A frame pointer is the stack pointer of the caller: the return address lies
// below it, and the caller's frame pointer below that (the psABI's convention).
void backtrace_from(uint64_t pc, uint64_t fp)
{
    log_frame(pc, 0);
    uint64_t limit = stack_limit(fp);
    for (unsigned i = 0; i < MAX_FRAMES && fp <= limit; i++) {
        // User space's frame pointers are positive numbers.
        if ((int64_t)fp >= 0 || fp % 8 != 0)
            break;
        const uint64_t *frame = (const uint64_t *)fp;
        uint64_t caller = frame[-2];
        if ((int64_t)frame[-1] >= 0)
            break;
        log_frame(frame[-1], 1);
        if (caller <= fp)
            break;
        fp = caller;
    }
}

void backtrace(void)
{
    backtrace_from((uint64_t)__builtin_return_address(0) - 4,
                   *((uint64_t *)__builtin_frame_address(0) - 2));
}
