// SPDX-License-Identifier: MIT
//
// The vDSO, read as a C library reads it: by its dynamic section.
#include <elf.h>
#include <time.h>

#include "harness.h"

#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>

struct library {
    const char *base;
    const Elf64_Sym *symbols;
    const char *strings;
    const uint32_t *hash;
    const uint16_t *versions;
};

static struct library vdso(void)
{
    struct library lib = {.base = (void *)getauxval(AT_SYSINFO_EHDR)};
    CHECK(lib.base != NULL);
    const Elf64_Ehdr *header = (void *)lib.base;
    CHECK_MEMORY(header->e_ident, ELFMAG, SELFMAG);
    CHECK_EQ(header->e_type, ET_DYN);
    const Elf64_Phdr *segments = (void *)(lib.base + header->e_phoff);
    const Elf64_Dyn *entry = NULL;
    for (int i = 0; i < header->e_phnum; i++)
        if (segments[i].p_type == PT_DYNAMIC)
            entry = (void *)(lib.base + segments[i].p_vaddr);
    CHECK(entry != NULL);
    for (; entry->d_tag != DT_NULL; entry++) {
        const void *at = lib.base + entry->d_un.d_ptr;
        if (entry->d_tag == DT_SYMTAB)
            lib.symbols = at;
        else if (entry->d_tag == DT_STRTAB)
            lib.strings = at;
        else if (entry->d_tag == DT_HASH)
            lib.hash = at;
        else if (entry->d_tag == DT_VERSYM)
            lib.versions = at;
    }
    if (!lib.hash && !on_wharf())
        skip("this machine's vDSO has no DT_HASH");
    CHECK(lib.symbols && lib.strings && lib.hash && lib.versions);
    return lib;
}

static void *find(const char *name)
{
    struct library lib = vdso();
    uint32_t count = lib.hash[1];
    for (uint32_t i = 1; i < count; i++) {
        const Elf64_Sym *symbol = &lib.symbols[i];
        if (strcmp(lib.strings + symbol->st_name, name) == 0) {
            CHECK(symbol->st_shndx != SHN_UNDEF && lib.versions[i] >= 2);
            return (void *)(lib.base + symbol->st_value);
        }
    }
    FAIL("%s is not in the vDSO", name);
}

typedef int (*clock_function)(clockid_t, struct timespec *);

static long long nanoseconds(const struct timespec *t)
{
    return t->tv_sec * 1000000000LL + t->tv_nsec;
}

// The vDSO's clock lies between two readings by system call.
TEST(clocks_are_the_kernels)
{
    static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC,
                                       CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME};
    clock_function clock = (clock_function)find("__vdso_clock_gettime");
    for (int i = 0; i < 4; i++) {
        struct timespec before, between, after;
        CHECK_OK(syscall(SYS_clock_gettime, clocks[i], &before));
        CHECK_EQ(clock(clocks[i], &between), 0);
        CHECK_OK(syscall(SYS_clock_gettime, clocks[i], &after));
        CHECK(nanoseconds(&before) <= nanoseconds(&between));
        CHECK(nanoseconds(&between) <= nanoseconds(&after));
    }
}

TEST(other_clocks_go_to_the_kernel)
{
    struct timespec t = {0};
    clock_function clock = (clock_function)find("__vdso_clock_gettime");
    CHECK_EQ(clock(CLOCK_THREAD_CPUTIME_ID, &t), 0);
    CHECK(nanoseconds(&t) > 0);
    CHECK_EQ(clock(99, &t), -EINVAL);
    CHECK_EQ(clock(-99, &t), -EINVAL);
}

TEST(time_of_day)
{
    int (*time_of_day)(struct timeval *, void *) = find("__vdso_gettimeofday");
    struct timeval t;
    CHECK_EQ(time_of_day(&t, NULL), 0);
    CHECK_BETWEEN(t.tv_sec - time(NULL), -1, 1);
    CHECK_BETWEEN(t.tv_usec, 0, 999999);
}

TEST(resolution)
{
    clock_function resolution = (clock_function)find("__vdso_clock_getres");
    struct timespec t;
    CHECK_EQ(resolution(CLOCK_MONOTONIC, &t), 0);
    CHECK(t.tv_sec == 0 && t.tv_nsec > 0);
    CHECK_EQ(resolution(99, &t), -EINVAL);
}

// A setting of the clock shows at once. Only in the guest: the host's clock is
// not ours to set.
TEST(clock_that_is_set)
{
    struct timespec old, new, now;
    if (!on_wharf())
        skip("would set this machine's clock");
    clock_function clock = (clock_function)find("__vdso_clock_gettime");
    CHECK_OK(clock_gettime(CLOCK_REALTIME, &old));
    new = (struct timespec){old.tv_sec + 1000, 0};
    CHECK_OK(clock_settime(CLOCK_REALTIME, &new));
    CHECK_EQ(clock(CLOCK_REALTIME, &now), 0);
    CHECK_OK(clock_settime(CLOCK_REALTIME, &old));
    CHECK_BETWEEN(now.tv_sec - new.tv_sec, 0, 5);
    CHECK_ERRNO(clock_settime(CLOCK_MONOTONIC, &old), EINVAL);
}
