// SPDX-License-Identifier: MIT
//
// kernel/mm/uio.c: bytes in and out of several areas, partial moves at a fault,
// and the checks of what user space passes.

#include "unit.h"

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <mm/uio.h>

#include "../../kernel/mm/user_copy.h"

// User memory is ours here; from `bad` on it faults.
static uaddr bad = UINT64_MAX;

static size_t reachable(uaddr at, size_t n)
{
    return at >= bad ? 0 : bad - at < n ? bad - at : n;
}

static size_t copy(void *to, const void *from, uaddr user, size_t n)
{
    size_t part = reachable(user, n);
    if (part > 0)
        memmove(to, from, part);
    return n - part;
}

size_t user_copy_in(void *to, uaddr from, size_t n)
{
    return copy(to, (void *)from, from, n);
}

size_t user_copy_out(uaddr to, const void *from, size_t n)
{
    return copy((void *)to, from, to, n);
}

size_t user_clear(uaddr to, size_t n)
{
    static const char zeros[16];
    CHECK(n <= sizeof(zeros));
    return copy((void *)to, zeros, to, n);
}

int copy_from_user(void *to, uaddr from, size_t n)
{
    return user_copy_in(to, from, n) ? -EFAULT : 0;
}

bool user_range_ok(uaddr start, size_t n)
{
    return start + n >= start && start < 1ull << 62;
}

void *kmalloc(size_t n)
{
    return malloc(n);
}

void kfree(const void *p)
{
    free((void *)p);
}

static char a[4], b[6];

static struct iovec areas[] = {
    {0, 0}, {(uaddr)a, sizeof(a)}, {0, 0}, {(uaddr)b, sizeof(b)}, {0, 0}};

static void import(struct uio *uio)
{
    bad = UINT64_MAX;
    memset(a, '.', sizeof(a));
    memset(b, '.', sizeof(b));
    CHECK_EQ(uio_import(uio, (uaddr)areas, 5), 0);
    CHECK_EQ(uio->resid, 10);
}

TEST(fills_one_area_after_the_other)
{
    struct uio uio;
    import(&uio);
    CHECK_EQ(copy_to_uio(&uio, "abcde", 5), 0);
    CHECK_EQ(zero_to_uio(&uio, 2), 0);
    CHECK_EQ(copy_to_uio(&uio, "hijklm", 6), 0);  // at most what is left
    CHECK_EQ(uio.done, 10);
    CHECK_EQ(uio.resid, 0);
    CHECK(!memcmp(a, "abcd", 4) && !memcmp(b, "e\0\0hij", 6));
    uio_release(&uio);
}

TEST(takes_back)
{
    struct uio uio;
    char out[10];
    import(&uio);
    memcpy(a, "abcd", 4);
    memcpy(b, "efghij", 6);
    CHECK_EQ(copy_from_uio(&uio, out, 7), 0);
    CHECK(!memcmp(out, "abcdefg", 7));
    uio_revert(&uio, 5);
    CHECK_EQ(uio.done, 2);
    CHECK_EQ(copy_from_uio(&uio, out, 8), 0);
    CHECK(!memcmp(out, "cdefghij", 8));
    uio_revert(&uio, 10);
    uio_advance(&uio, 9);
    CHECK_EQ(copy_from_uio(&uio, out, 1), 0);
    CHECK_EQ(out[0], 'j');
}

TEST(a_fault_tells_how_far_it_came)
{
    struct uio uio;
    import(&uio);
    bad = (uaddr)&b[2];
    CHECK_EQ(copy_to_uio(&uio, "abcdefghij", 10), -EFAULT);
    bad = UINT64_MAX;
    // The areas are not in the order of addresses, so either one or the other
    // is cut; what is counted is there.
    CHECK_EQ(uio.done + uio.resid, 10);
    CHECK(uio.done < 10);
    size_t in_a = uio.done < 4 ? uio.done : 4;
    CHECK(!memcmp(a, "abcd", in_a));
    CHECK(uio.done <= 4 || !memcmp(b, "efghij", uio.done - 4));
}

TEST(kernel_areas)
{
    struct uio uio;
    char buffer[8] = "01234567", out[4];
    uio_kernel(&uio, buffer, 6);
    CHECK_EQ(copy_from_uio(&uio, out, 4), 0);
    CHECK(!memcmp(out, "0123", 4));
    CHECK_EQ(zero_to_uio(&uio, 4), 0);
    CHECK(!memcmp(buffer,
                  "0123\0\0"
                  "67",
                  8));
    CHECK_EQ(uio.resid, 0);
}

TEST(what_linux_refuses)
{
    struct uio uio;
    struct iovec huge[] = {{1ull << 63, 1}, {(uaddr)b, 1ull << 63}};
    struct iovec outside[] = {{1ull << 63, 1}};
    static struct iovec many[IOV_MAX];
    CHECK_EQ(uio_import(&uio, (uaddr)areas, IOV_MAX + 1), -EINVAL);
    CHECK_EQ(uio_import(&uio, (uaddr)huge, 2), -EINVAL);
    CHECK_EQ(uio_import(&uio, (uaddr)outside, 1), -EFAULT);
    CHECK_EQ(uio_import(&uio, (uaddr)many, IOV_MAX), 0);
    CHECK_EQ(uio.resid, 0);
    uio_release(&uio);
    bad = 0;
    CHECK_EQ(uio_import(&uio, (uaddr)areas, 2), -EFAULT);
    bad = UINT64_MAX;
}
