// SPDX-License-Identifier: MIT
//
// User memory, reached through the page table. A user address is never
// dereferenced: the entry that translates it is looked up, and the bytes are
// moved through the direct map while the table's lock keeps the page in place.
// Where the entry is missing or does not allow the access, mm_fault is asked,
// exactly as for the program's own instructions; if it cannot help, the copy
// ends there. So SUM is never set, no instruction of the kernel can fault on a
// user address, and none runs with a window on user space open.
//
// Setting SUM around each copy instead would cost QEMU before 8.1 a flush of
// its whole TLB, twice.

#include <lib/hart.h>
#include <mm/uaccess.h>
#include <string.h>

#include "page_table.h"
#include "user_copy.h"

bool user_range_ok(uaddr start, size_t n)
{
    return n <= USER_TOP && start <= USER_TOP - n;
}

bool (*mm_wait_for_memory)(void);

// Have a page brought in as a trap would.
static bool fault_in(struct mm *mm, uaddr at, unsigned access)
{
    int error;
    do
        error = mm_fault(mm, at, access);
    while (error == -ENOMEM && mm_wait_for_memory());
    return !error;
}

// The byte at a user address, in the direct map, with the table lock held; or
// NULL, without it. Inline, since the access is then a constant.
static inline char *page_lock(struct mm *mm, uaddr at, unsigned access)
{
    uint64_t needed =
        PTE_VALID | PTE_USER | (access == VMA_WRITE ? PTE_WRITE : PTE_READ);
    do {
        spin_lock(&mm->table_lock);
        const uint64_t *pte = page_table_find(mm->root, at);
        if (pte && (*pte & needed) == needed)
            return (char *)phys_to_virt(pte_phys(*pte)) + at % PAGE_SIZE;
        spin_unlock(&mm->table_lock);
    } while (fault_in(mm, at, access));
    return NULL;
}

static void page_unlock(struct mm *mm)
{
    spin_unlock(&mm->table_lock);
}

static inline size_t rest_of_page(uaddr at)
{
    return PAGE_SIZE - at % PAGE_SIZE;
}

// The three copies go page by page until one cannot be had.

size_t user_copy_in(void *to, uaddr from, size_t n)
{
    struct mm *mm = this_hart()->mm;
    const char *there;
    if (!user_range_ok(from, n))
        return n;
    while (n > 0 && (there = page_lock(mm, from, VMA_READ))) {
        size_t part = MIN(n, rest_of_page(from));
        memcpy(to, there, part);
        page_unlock(mm);
        to = (char *)to + part;
        from += part;
        n -= part;
    }
    return n;
}

size_t user_copy_out(uaddr to, const void *from, size_t n)
{
    struct mm *mm = this_hart()->mm;
    char *there;
    if (!user_range_ok(to, n))
        return n;
    while (n > 0 && (there = page_lock(mm, to, VMA_WRITE))) {
        size_t part = MIN(n, rest_of_page(to));
        memcpy(there, from, part);
        page_unlock(mm);
        to += part;
        from = (const char *)from + part;
        n -= part;
    }
    return n;
}

size_t user_clear(uaddr to, size_t n)
{
    struct mm *mm = this_hart()->mm;
    char *there;
    if (!user_range_ok(to, n))
        return n;
    while (n > 0 && (there = page_lock(mm, to, VMA_WRITE))) {
        size_t part = MIN(n, rest_of_page(to));
        memset(there, 0, part);
        page_unlock(mm);
        to += part;
        n -= part;
    }
    return n;
}

int copy_from_user(void *to, uaddr from, size_t n)
{
    return user_copy_in(to, from, n) ? -EFAULT : 0;
}

int copy_to_user(uaddr to, const void *from, size_t n)
{
    return user_copy_out(to, from, n) ? -EFAULT : 0;
}

int clear_user(uaddr to, size_t n)
{
    return user_clear(to, n) ? -EFAULT : 0;
}

ssize_t copy_string_from_user(char *to, uaddr from, size_t n)
{
    struct mm *mm = this_hart()->mm;
    for (size_t done = 0, part; done < n; done += part) {
        uaddr at = from + done;
        part = MIN(n - done, rest_of_page(at));
        const char *there = at < USER_TOP ? page_lock(mm, at, VMA_READ) : NULL;
        if (!there)
            return -EFAULT;
        const char *end = memccpy(to + done, there, '\0', part);
        page_unlock(mm);
        if (end)
            return end - 1 - to;
    }
    return -ENAMETOOLONG;
}

int user_load_u32(uaddr at, uint32_t *value)
{
    struct mm *mm = this_hart()->mm;
    if (at % sizeof(*value) || !user_range_ok(at, sizeof(*value)))
        return -EFAULT;
    const char *there = page_lock(mm, at, VMA_READ);
    if (!there)
        return -EFAULT;
    *value = READ_ONCE(*(const uint32_t *)there);
    page_unlock(mm);
    return 0;
}

int user_write_check(uaddr to, size_t n)
{
    struct mm *mm = this_hart()->mm;
    if (!user_range_ok(to, n))
        return -EFAULT;
    for (uaddr end = to + n; to < end; to += rest_of_page(to)) {
        if (!page_lock(mm, to, VMA_WRITE))
            return -EFAULT;
        page_unlock(mm);
    }
    return 0;
}

int user_cmpxchg_u32(uaddr at, uint32_t expected, uint32_t desired,
                     uint32_t *found)
{
    struct mm *mm = this_hart()->mm;
    if (at % sizeof(*found) || !user_range_ok(at, sizeof(*found)))
        return -EFAULT;
    uint32_t *there = (uint32_t *)page_lock(mm, at, VMA_WRITE);
    if (!there)
        return -EFAULT;
    __atomic_compare_exchange_n(there, &expected, desired, false,
                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    *found = expected;
    page_unlock(mm);
    return 0;
}
