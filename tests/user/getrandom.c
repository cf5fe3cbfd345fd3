// SPDX-License-Identifier: MIT
//
// getrandom(2).
#include "harness.h"

#include <sys/random.h>
#include <sys/syscall.h>

TEST(differs)
{
    unsigned char first[256], second[256];
    CHECK_EQ(getrandom(first, 256, 0), 256);
    CHECK_EQ(getrandom(second, 256, 0), 256);
    CHECK(memcmp(first, second, 256) != 0);
}

TEST(looks_random)
{
    static unsigned char bytes[65536];
    static int counts[256];
    CHECK_EQ(getrandom(bytes, sizeof(bytes), 0), sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        counts[bytes[i]]++;
    for (int i = 0; i < 256; i++)  // 256 expected, deviation 16
        CHECK_BETWEEN(counts[i], 100, 420);
}

TEST(forks_do_not_repeat)
{
    unsigned char mine[16], theirs[16];
    int ends[2];
    CHECK_OK(pipe(ends));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(getrandom(theirs, 16, 0), 16);
        write_all(ends[1], theirs, 16);
        _exit(0);
    }
    CHECK_EQ(getrandom(mine, 16, 0), 16);
    read_all(ends[0], theirs, 16);
    CHECK(memcmp(mine, theirs, 16) != 0);
    wait_child(child);
}

TEST(flags)
{
    unsigned char bytes[8];
    CHECK_EQ(getrandom(bytes, 8, GRND_NONBLOCK), 8);
    CHECK_EQ(getrandom(bytes, 8, GRND_RANDOM), 8);
    CHECK_EQ(getrandom(bytes, 0, 0), 0);
    CHECK_ERRNO(syscall(SYS_getrandom, bytes, 8, 0x80), EINVAL);
    CHECK_ERRNO(syscall(SYS_getrandom, bad_pointer(), 8, 0), EFAULT);
}
