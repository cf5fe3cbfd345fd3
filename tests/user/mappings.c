// SPDX-License-Identifier: MIT
//
// Shared and moving mappings: MAP_SHARED, truncation under a mapping,
// mremap(2), madvise(2), mincore(2), msync(2), mlock(2), MAP_FIXED_NOREPLACE,
// and unmapping while other threads look on.
#include "harness.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE      4096
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW        (PROT_READ | PROT_WRITE)

static char *map(size_t pages, int flags)
{
    char *memory = mmap(NULL, pages * PAGE, RW, flags, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

// The signal that reading a byte brings, 0 if none.
static int read_signal(volatile char *byte)
{
    int status;
    pid_t child = fork_child();
    if (child == 0) {
        (void)*byte;
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

// A file of so many pages, each filled with its letter.
static int lettered_file(const char *path, int pages)
{
    char page[PAGE];
    int fd = CHECK_OK(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));
    for (int i = 0; i < pages; i++) {
        memset(page, 'a' + i, PAGE);
        write_all(fd, page, PAGE);
    }
    return fd;
}

TEST(anonymous_memory_is_shared_over_fork)
{
    volatile char *memory = map(4, MAP_SHARED | MAP_ANONYMOUS);
    memory[0] = 1;
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(memory[0], 1);
        memory[0] = 2;
        memory[3 * PAGE] = 3;  // touched here first
        _exit(0);
    }
    wait_child(child);
    CHECK_EQ(memory[0], 2);
    CHECK_EQ(memory[3 * PAGE], 3);
}

TEST(shared_file_mapping_is_the_file)
{
    const char *path = temporary_name("shared");
    char byte;
    int fd = lettered_file(path, 2);
    char *memory = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
    char *other = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
    CHECK(memory != MAP_FAILED && other != MAP_FAILED);
    memory[PAGE] = 'X';
    CHECK_EQ(pread(fd, &byte, 1, PAGE), 1);
    CHECK_EQ(byte, 'X');
    CHECK_EQ(other[0], 'X');
    CHECK_EQ(pwrite(fd, "Y", 1, PAGE), 1);
    CHECK_EQ(memory[PAGE], 'Y');
    CHECK_OK(msync(memory, 2 * PAGE, MS_SYNC));
    unlink(path);
}

TEST(truncation_takes_pages_away)
{
    const char *path = temporary_name("cut");
    int fd = lettered_file(path, 4);
    char *shared = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
    CHECK(shared != MAP_FAILED && private != MAP_FAILED);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(shared[i * PAGE], 'a' + i);
        private[i * PAGE] = 'p';  // a copy of its own
    }
    CHECK_OK(ftruncate(fd, PAGE + 10));
    CHECK_EQ(read_signal(shared + PAGE + 9), 0);
    CHECK_EQ(shared[PAGE + 10], 0);  // the rest of the page is zeros
    CHECK_EQ(read_signal(shared + 2 * PAGE), SIGBUS);
    CHECK_EQ(read_signal(private + 2 * PAGE), SIGBUS);
    CHECK_EQ(private[0], 'p');
    CHECK_OK(ftruncate(fd, 4 * PAGE));  // longer again: zeros
    CHECK_EQ(shared[3 * PAGE], 0);
    unlink(path);
}

TEST(a_reader_of_a_shared_file_cannot_become_a_writer)
{
    const char *path = temporary_name("reader");
    close(lettered_file(path, 1));
    int fd = CHECK_OK(open(path, O_RDONLY));
    char *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_ERRNO(mprotect(memory, PAGE, RW), EACCES);
    char *private = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK_OK(mprotect(private, PAGE, RW));
    private[0] = 'x';
    CHECK_EQ(memory[0], 'a');
    unlink(path);
}

TEST(noreplace_finds_a_mapping_in_the_way)
{
    char *memory = map(3, ANONYMOUS);
    int flags = ANONYMOUS | MAP_FIXED_NOREPLACE;
    CHECK_ERRNO(mmap(memory + PAGE, PAGE, RW, flags, -1, 0), EEXIST);
    CHECK_OK(munmap(memory + PAGE, PAGE));
    CHECK(mmap(memory + PAGE, PAGE, RW, flags, -1, 0) == memory + PAGE);
}

// ---- mremap ----

TEST(remap_moves_the_pages)
{
    char *memory = map(2, ANONYMOUS);
    char *wall = mmap(memory + 2 * PAGE, PAGE, PROT_NONE,
                      ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(wall != MAP_FAILED || errno == EEXIST);
    memory[0] = 1;
    memory[PAGE] = 2;
    CHECK_ERRNO(mremap(memory, 2 * PAGE, 8 * PAGE, 0), ENOMEM);
    char *moved = mremap(memory, 2 * PAGE, 600 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && moved != memory);
    CHECK_EQ(moved[0], 1);
    CHECK_EQ(moved[PAGE], 2);
    CHECK_EQ(moved[599 * PAGE], 0);
    CHECK_EQ(read_signal(memory), SIGSEGV);
    CHECK(mremap(moved, 600 * PAGE, PAGE, 0) == moved);  // shrinks
    CHECK_EQ(moved[0], 1);
    CHECK_EQ(read_signal(moved + PAGE), SIGSEGV);
    CHECK(mremap(moved, PAGE, 3 * PAGE, 0) == moved);  // grows in place
    CHECK_EQ(moved[2 * PAGE], 0);
}

TEST(remap_to_a_fixed_place)
{
    char *memory = map(1, ANONYMOUS);
    char *target = map(2, ANONYMOUS);
    memory[0] = 7;
    target[0] = 8;
    int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
    CHECK(mremap(memory, PAGE, PAGE, flags, target) == target);
    CHECK_EQ(target[0], 7);
    CHECK_EQ(read_signal(memory), SIGSEGV);
}

TEST(remap_errors)
{
    char *memory = map(3, ANONYMOUS);
    int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
    CHECK_ERRNO(mremap(memory + 1, PAGE, PAGE, 0), EINVAL);
    CHECK_ERRNO(mremap(memory, PAGE, 0, 0), EINVAL);
    CHECK_ERRNO(mremap(memory, PAGE, PAGE, MREMAP_FIXED, memory), EINVAL);
    CHECK_ERRNO(mremap(memory, 2 * PAGE, 2 * PAGE, flags, memory + PAGE),
                EINVAL);
    CHECK_ERRNO(mremap(memory, PAGE, PAGE, 64), EINVAL);
    CHECK_OK(munmap(memory + PAGE, PAGE));
    CHECK_ERRNO(mremap(memory, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE), EFAULT);
}

// ---- advice and residency ----

TEST(dontneed_gives_zeros_or_the_file)
{
    const char *path = temporary_name("dontneed");
    int fd = lettered_file(path, 1);
    char *memory = map(2, ANONYMOUS);
    char *file = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
    memset(memory, 1, 2 * PAGE);
    file[0] = 'x';
    CHECK_OK(madvise(memory, PAGE, MADV_DONTNEED));
    CHECK_OK(madvise(file, PAGE, MADV_DONTNEED));
    CHECK_EQ(memory[0], 0);
    CHECK_EQ(memory[PAGE], 1);
    CHECK_EQ(file[0], 'a');
    unlink(path);
}

TEST(advice_errors)
{
    char *memory = map(3, ANONYMOUS);
    char *shared = map(1, MAP_SHARED | MAP_ANONYMOUS);
    CHECK_ERRNO(madvise(memory + 1, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_ERRNO(madvise(memory, PAGE, 12345), EINVAL);
    CHECK_ERRNO(madvise(shared, PAGE, MADV_FREE), EINVAL);
    CHECK_OK(munmap(memory + PAGE, PAGE));
    memory[0] = memory[2 * PAGE] = 1;
    CHECK_ERRNO(madvise(memory, 3 * PAGE, MADV_DONTNEED), ENOMEM);
    CHECK_EQ(memory[0], 0);  // what is mapped was done
    CHECK_EQ(memory[2 * PAGE], 0);
}

TEST(advice_for_fork)
{
    char *memory = map(3, ANONYMOUS);
    memset(memory, 5, 3 * PAGE);
    CHECK_OK(madvise(memory, PAGE, MADV_DONTFORK));
    CHECK_OK(madvise(memory + PAGE, PAGE, MADV_WIPEONFORK));
    CHECK_EQ(read_signal(memory), SIGSEGV);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(memory[PAGE], 0);
        CHECK_EQ(memory[2 * PAGE], 5);
        _exit(0);
    }
    wait_child(child);
    CHECK_EQ(memory[PAGE], 5);
}

TEST(residency)
{
    unsigned char answer[4];
    char *memory = map(4, ANONYMOUS);
    memory[PAGE] = 1;
    CHECK_OK(mincore(memory, 4 * PAGE, answer));
    CHECK_EQ(answer[0] & 1, 0);
    CHECK_EQ(answer[1] & 1, 1);
    CHECK_OK(mlock(memory, 3 * PAGE));
    CHECK_OK(mincore(memory, 4 * PAGE, answer));
    CHECK_EQ(answer[0] & answer[1] & answer[2] & 1, 1);
    CHECK_EQ(answer[3] & 1, 0);
    CHECK_OK(munlock(memory, 3 * PAGE));
    CHECK_ERRNO(mincore(memory + 1, PAGE, answer), EINVAL);
    CHECK_OK(munmap(memory, PAGE));
    CHECK_ERRNO(mincore(memory, 2 * PAGE, answer), ENOMEM);
    CHECK_ERRNO(mlock(memory, PAGE), ENOMEM);
    CHECK_ERRNO(msync(memory, PAGE, MS_SYNC), ENOMEM);
    CHECK_ERRNO(msync(memory + PAGE, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    char *filled = map(2, ANONYMOUS | MAP_POPULATE);
    CHECK_OK(mincore(filled, 2 * PAGE, answer));
    CHECK_EQ(answer[0] & answer[1] & 1, 1);
}

TEST(maps_shows_what_is_mapped)
{
    char line[100];
    char *memory = map(1, ANONYMOUS);
    CHECK_OK(mprotect(memory, PAGE, PROT_READ));
    snprintf(line, sizeof(line), "%lx-%lx r--p", (long)memory,
             (long)memory + PAGE);
    CHECK(strstr(read_file("/proc/self/maps"), line));
    CHECK(strstr(read_file("/proc/self/maps"), "[stack]"));
}

// ---- threads ----

static volatile char *shared_page;
static volatile int rounds_wanted, rounds_done;

// Touches the page each time it is asked to: it must fault it in afresh, and
// not write to the page that stood there before.
static void *toucher(void *unused)
{
    (void)unused;
    for (int round = 1; round <= 500; round++) {
        while (rounds_wanted < round)
            ;
        CHECK_EQ(shared_page[0], 0);
        shared_page[0] = 9;
        rounds_done = round;
    }
    return NULL;
}

TEST_SECONDS(no_hart_keeps_an_old_translation, 60)
{
    pthread_t thread;
    shared_page = map(1, ANONYMOUS);
    CHECK_EQ(pthread_create(&thread, NULL, toucher, NULL), 0);
    for (int round = 1; round <= 500; round++) {
        CHECK_OK(madvise((char *)shared_page, PAGE, MADV_DONTNEED));
        rounds_wanted = round;
        while (rounds_done < round)
            sched_yield();
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
}
