// SPDX-License-Identifier: MIT
//
// mmap(2), munmap, mprotect, brk, copy-on-write, and the end of memory.
#include "harness.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static char *map(size_t length, int protection)
{
    char *memory =
        mmap(NULL, length, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

// The signal that a read or write of a byte brings, 0 if none.
static int touch(volatile char *byte, bool write)
{
    int status;
    pid_t child = fork_child();
    if (child == 0) {
        if (write)
            *byte = 1;
        else
            (void)*byte;
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static long meminfo(const char *name)
{
    char *line = strstr(read_file("/proc/meminfo"), name);
    CHECK(line != NULL);
    return atol(line + strlen(name) + 1);
}

TEST(anonymous_is_zero)
{
    char *memory = map(1 << 20, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 1 << 20; i += 512)
        CHECK_EQ(memory[i], 0);
    memset(memory, 7, 1 << 20);
    CHECK_OK(munmap(memory, 1 << 20));
    memory = map(1 << 20, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 1 << 20; i += 512)
        CHECK_EQ(memory[i], 0);
}

TEST(nothing_is_taken_before_use)
{
    long before = meminfo("MemFree");
    char *memory = map(64 << 20, PROT_READ | PROT_WRITE);
    CHECK_BETWEEN(before - meminfo("MemFree"), -100000, 32 << 10);
    memory[5 << 20] = 1;
    CHECK_EQ(memory[5 << 20], 1);
}

TEST(unmapped_is_gone)
{
    char *memory = map(3 * 4096, PROT_READ | PROT_WRITE);
    memory[0] = memory[4096] = memory[8192] = 1;
    CHECK_OK(munmap(memory + 4096, 4096));  // a hole
    CHECK_EQ(touch(memory, true), 0);
    CHECK_EQ(touch(memory + 4096, false), SIGSEGV);
    CHECK_EQ(touch(memory + 8192, true), 0);
    CHECK_OK(munmap(memory, 3 * 4096));  // over the hole
    CHECK_EQ(touch(memory, false), SIGSEGV);
    CHECK_OK(munmap(memory, 3 * 4096));  // of nothing
}

TEST(protections)
{
    char *memory = map(4096, PROT_READ | PROT_WRITE);
    memory[0] = 5;
    CHECK_OK(mprotect(memory, 4096, PROT_READ));
    CHECK_EQ(touch(memory, true), SIGSEGV);
    CHECK_EQ(memory[0], 5);
    CHECK_OK(mprotect(memory, 4096, PROT_NONE));
    CHECK_EQ(touch(memory, false), SIGSEGV);
    CHECK_OK(mprotect(memory, 4096, PROT_READ | PROT_WRITE));
    CHECK_EQ(memory[0], 5);
    memory[0] = 6;
    CHECK_EQ(memory[0], 6);
}

TEST(protection_of_a_part)
{
    char *memory = map(3 * 4096, PROT_READ | PROT_WRITE);
    CHECK_OK(mprotect(memory + 4096, 4096, PROT_READ));
    CHECK_EQ(touch(memory + 4095, true), 0);
    CHECK_EQ(touch(memory + 4096, true), SIGSEGV);
    CHECK_EQ(touch(memory + 8192, true), 0);
}

#ifdef __riscv
static const unsigned char return_code[] = {0x82, 0x80};
#else
static const unsigned char return_code[] = {0xc3};
#endif

TEST(data_cannot_be_executed)
{
    int status;
    char *memory = map(4096, PROT_READ | PROT_WRITE);
    memcpy(memory, return_code, sizeof(return_code));
    pid_t child = fork_child();
    if (child == 0) {
        ((void (*)(void))memory)();
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGSEGV);
    CHECK_OK(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
    __builtin___clear_cache(memory, memory + 16);
    ((void (*)(void))memory)();
}

TEST(program_text_is_read_only)
{
    CHECK_EQ(touch((volatile char *)(uintptr_t)wait_child, true), SIGSEGV);
    CHECK_EQ(touch((volatile char *)"constant", true), SIGSEGV);
}

TEST(map_errors)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    int null = CHECK_OK(open("/tmp", O_RDONLY));
    CHECK_ERRNO(mmap(NULL, 0, PROT_READ, flags, -1, 0), EINVAL);
    CHECK_ERRNO(mmap(NULL, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_ERRNO(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
    CHECK_ERRNO(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, null, 0), ENODEV);
    CHECK_ERRNO(syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 1),
                EINVAL);
    CHECK_ERRNO(mmap(NULL, ~0UL - 8192, PROT_READ, flags, -1, 0), ENOMEM);
    CHECK_ERRNO(munmap((void *)1, 4096), EINVAL);
    CHECK_ERRNO(munmap(map(4096, 0), 0), EINVAL);
    char *memory = map(4096, PROT_READ);
    CHECK_ERRNO(syscall(SYS_mprotect, memory + 1, 4096, PROT_READ), EINVAL);
    CHECK_OK(munmap(memory, 4096));
    CHECK_ERRNO(mprotect(memory, 4096, PROT_READ), ENOMEM);
}

TEST(fixed_replaces)
{
    char *memory = map(3 * 4096, PROT_READ | PROT_WRITE);
    memory[4096] = 9;
    char *middle = mmap(memory + 4096, 4096, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(middle == memory + 4096);
    CHECK_EQ(*middle, 0);
    CHECK_ERRNO(mmap(memory + 1, 4096, PROT_READ,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                EINVAL);
}

TEST(hint_is_taken_if_free)
{
    char *memory = map(2 * 4096, PROT_READ);
    CHECK_OK(munmap(memory, 2 * 4096));
    CHECK(mmap(memory, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
          memory);
    CHECK(mmap(memory, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
          memory);  // taken: somewhere else
}

TEST(file_is_seen)
{
    const char *path = temporary_name("mapped");
    write_file(path, "content of the file");
    int fd = CHECK_OK(open(path, O_RDONLY));
    char *memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_OK(close(fd));
    CHECK_STRING(memory, "content of the file");  // zeroes behind the end
    CHECK_EQ(memory[4095], 0);
    unlink(path);
    CHECK_EQ(memory[0], 'c');
}

TEST(private_file_changes_stay_here)
{
    const char *path = temporary_name("private");
    write_file(path, "before");
    int fd = CHECK_OK(open(path, O_RDWR));
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(memory != MAP_FAILED);
    memory[0] = 'B';
    CHECK_STRING(read_file(path), "before");
    CHECK_STRING(memory, "Before");
    unlink(path);
}

TEST(file_offset)
{
    const char *path = temporary_name("offset");
    int fd = CHECK_OK(open(path, O_RDWR | O_CREAT, 0644));
    CHECK_EQ(pwrite(fd, "second", 6, 4096), 6);
    char *memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 4096);
    CHECK(memory != MAP_FAILED);
    CHECK_STRING(memory, "second");
    unlink(path);
}

TEST(behind_the_end_of_the_file)
{
    const char *path = temporary_name("end");
    write_file(path, "short");
    int fd = CHECK_OK(open(path, O_RDONLY));
    char *memory = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_EQ(touch(memory + 4095, false), 0);
    CHECK_EQ(touch(memory + 4096, false), SIGBUS);
    unlink(path);
}

TEST(mapped_file_needs_rights)
{
    const char *path = temporary_name("rights");
    write_file(path, "x");
    int reader = CHECK_OK(open(path, O_RDONLY));
    int writer = CHECK_OK(open(path, O_WRONLY));
    CHECK_ERRNO(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, writer, 0), EACCES);
    CHECK_ERRNO(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0),
                EACCES);
    unlink(path);
}

TEST(system_calls_use_mapped_memory)
{
    int ends[2];
    char *memory = map(16384, PROT_READ | PROT_WRITE);
    CHECK_OK(pipe(ends));
    CHECK_EQ(write(ends[1], memory + 100, 8000), 8000);  // not yet touched
    CHECK_EQ(read(ends[0], memory + 4000, 8000), 8000);
}

// Through the kernel's copies in and out, against what memcmp says.
TEST_SECONDS(copies_of_every_alignment, 60)
{
    enum {
        LENGTH = 200
    };
    char pattern[2 * LENGTH], got[2 * LENGTH];
    const char *path = temporary_name("copies");
    int fd = CHECK_OK(open(path, O_RDWR | O_CREAT, 0644));
    for (int i = 0; i < 2 * LENGTH; i++)
        pattern[i] = (char)(i * 7 + 1);
    for (int from = 0; from < 9; from++) {
        CHECK_EQ(pwrite(fd, pattern + from, LENGTH + 16, 0), LENGTH + 16);
        for (int at = 0; at < 8; at++) {
            for (int to = 0; to < 8; to++) {
                int n = (from * 64 + at * 8 + to) % LENGTH;
                memset(got, '.', sizeof(got));
                CHECK_EQ(pread(fd, got + to, n, at), n);
                CHECK_MEMORY(got + to, pattern + from + at, n);
                CHECK_EQ(got[to + n], '.');
                CHECK(to == 0 || got[to - 1] == '.');
            }
        }
    }
    unlink(path);
}

TEST(zeros_of_every_alignment)
{
    char got[300];
    int fd = CHECK_OK(open("/dev/zero", O_RDONLY));
    for (int to = 1; to < 17; to++) {
        for (int n = 0; n < 200; n++) {
            memset(got, '.', sizeof(got));
            CHECK_EQ(read(fd, got + to, n), n);
            for (int i = 0; i < 300; i++)
                CHECK_EQ(got[i], i >= to && i < to + n ? 0 : '.');
        }
    }
}

TEST(break_moves)
{
    char *start = (char *)syscall(SYS_brk, 0);  // musl's sbrk refuses to move
    CHECK(syscall(SYS_brk, start + 10000) == (long)start + 10000);
    memset(start, 3, 10000);
    CHECK(syscall(SYS_brk, 0) == (long)start + 10000);
    CHECK(syscall(SYS_brk, start) == (long)start);
    CHECK(syscall(SYS_brk, start + 5000) == (long)start + 5000);
    CHECK(start[4999] == 0 || start[4999] == 3);
    CHECK(syscall(SYS_brk, 1) == (long)start + 5000);  // refused: unchanged
    CHECK(syscall(SYS_brk, 1UL << 46) == (long)start + 5000);
}

TEST(copy_on_write)
{
    enum {
        LENGTH = 2 << 20
    };
    char *memory = map(LENGTH, PROT_READ | PROT_WRITE);
    memset(memory, 1, LENGTH);
    pid_t child = fork_child();
    if (child == 0) {
        for (int i = 0; i < LENGTH; i += 4096) {
            CHECK_EQ(memory[i], 1);
            memory[i] = 2;
        }
        pid_t grandchild = fork_child();
        if (grandchild == 0) {
            CHECK_EQ(memory[0], 2);
            memory[0] = 3;
            _exit(0);
        }
        wait_child(grandchild);
        CHECK_EQ(memory[0], 2);
        _exit(0);
    }
    for (int i = 0; i < LENGTH; i += 8192)
        memory[i] = 4;
    wait_child(child);
    CHECK_EQ(memory[0], 4);
    CHECK_EQ(memory[4096], 1);
}

TEST(copy_on_write_by_the_kernel)
{
    int ends[2];
    char *memory = map(4096, PROT_READ | PROT_WRITE);
    memory[0] = 'p';
    CHECK_OK(pipe(ends));
    pid_t child = fork_child();
    if (child == 0) {
        write_all(ends[1], "c", 1);
        read_all(ends[0], memory, 1);  // the kernel writes the shared page
        CHECK_EQ(memory[0], 'c');
        _exit(0);
    }
    wait_child(child);
    CHECK_EQ(memory[0], 'p');
}

TEST(stack_grows)
{
    volatile char room[1 << 20];  // far below the pages in use
    for (int i = 0; i < 1 << 20; i += 4096)
        room[i] = 1;
    CHECK_EQ(room[4096], 1);
}

TEST(stack_has_an_end)
{
    struct rlimit limit;
    CHECK_OK(getrlimit(RLIMIT_STACK, &limit));
    CHECK(limit.rlim_cur != RLIM_INFINITY);
    char *far_below =
        (char *)__builtin_frame_address(0) - limit.rlim_cur - (1 << 20);
    CHECK_EQ(touch(far_below, true), SIGSEGV);
}

TEST(kernel_memory_is_out_of_reach)
{
    CHECK_EQ(touch((volatile char *)(~0UL << 38 | 0x200000), false), SIGSEGV);
    CHECK_EQ(touch((volatile char *)-8L, true), SIGSEGV);
    CHECK_EQ(touch(NULL, false), SIGSEGV);
}

TEST(memory_comes_back)
{
    long before = 0;
    for (int round = 0; round < 6; round++) {
        pid_t child = fork_child();
        if (child == 0) {
            memset(map(8 << 20, PROT_READ | PROT_WRITE), 1, 8 << 20);
            _exit(0);
        }
        wait_child(child);
        if (round == 1)
            before = meminfo("MemFree");
    }
    if (on_wharf())
        CHECK(meminfo("MemFree") > before - 4096);
}

TEST_SECONDS(too_much_is_refused_or_kills_only_the_process, 60)
{
    int status;
    if (!on_wharf())
        skip("would fill the memory of this machine");
    CHECK_ERRNO(mmap(NULL, 1UL << 37, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                ENOMEM);
    pid_t child = fork_child();
    if (child == 0) {
        for (;;) {
            char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (memory == MAP_FAILED)
                _exit(errno == ENOMEM ? 0 : 1);
            memset(memory, 1, 1 << 20);
        }
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    CHECK(meminfo("MemFree") > 16384);  // all of it is back
}

// The same where it is the kernel that writes to the new pages.
TEST_SECONDS(too_much_is_read, 60)
{
    int status;
    if (!on_wharf())
        skip("would fill the memory of this machine");
    pid_t child = fork_child();
    if (child == 0) {
        int zeros = CHECK_OK(open("/dev/zero", O_RDONLY));
        for (;;) {
            char *memory = map(1 << 20, PROT_READ | PROT_WRITE);
            CHECK_EQ(read(zeros, memory, 1 << 20), 1 << 20);
        }
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGKILL);
}

TEST_SECONDS(fork_without_memory_is_an_error, 60)
{
    if (!on_wharf())
        skip("would fill the memory of this machine");
    pid_t filler = fork_child();
    if (filler == 0) {
        static char block[4 << 20];
        setpgid(0, 0);
        for (int i = 0; i < 200; i++) {  // each child holds more
            pid_t child = fork();
            if (child == -1) {
                CHECK(errno == ENOMEM || errno == EAGAIN);
                break;
            }
            memset(block, i, sizeof(block));
            if (child == 0)
                for (;;)
                    pause();
        }
        kill(0, SIGKILL);
    }
    CHECK_EQ(waitpid(filler, NULL, 0), filler);
    kill(-filler, SIGKILL);  // it may have been killed before its children
    while (meminfo("MemFree") < 16384)
        pause_ms(10);
    pid_t child = fork_child();  // life goes on
    if (child == 0)
        _exit(0);
    wait_child(child);
}
