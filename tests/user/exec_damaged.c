// SPDX-License-Identifier: MIT
//
// Programs whose headers are not what they should be: execve gives an error or
// the program dies, but nothing else happens to anyone.
#include <elf.h>

#include "harness.h"

#include <sys/stat.h>

#define HEADERS 512  // bytes of a program that may be damaged

static char program[1 << 20];
static size_t program_size;

static void read_program(void)
{
    int fd = CHECK_OK(open("/bin/true", O_RDONLY));
    ssize_t n;
    program_size = 0;
    while ((n = CHECK_OK(read(fd, program + program_size,
                              sizeof(program) - program_size))) > 0)
        program_size += n;
    close(fd);
    CHECK(program_size > HEADERS && program_size < sizeof(program));
}

// Write the program to a file and run it. The wait status; an execve that
// failed counts as exit status 100 + errno.
static int run_damaged(size_t size)
{
    int status;
    const char *path = temporary_name("damaged");
    int fd = CHECK_OK(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755));
    write_all(fd, program, size);
    close(fd);
    pid_t child = fork_child();
    if (child == 0) {
        alarm(2);  // it may also run in circles
        execl(path, "damaged", NULL);
        _exit(100 + errno % 100);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    unlink(path);
    return status;
}

// One field of the header is changed; execve must refuse with this error.
static void check_refused(void *field, size_t size, uint64_t value, int error)
{
    char saved[8];
    memcpy(saved, field, size);
    memcpy(field, &value, size);
    int status = run_damaged(program_size);
    memcpy(field, saved, size);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 100 + error);
}

#define CHECK_REFUSED(field, value, error) \
    check_refused(&(field), sizeof(field), value, error)

TEST(header_fields)
{
    Elf64_Ehdr *header = (void *)program;
    read_program();
    CHECK_EQ(run_damaged(program_size), 0);
    CHECK_REFUSED(header->e_ident[EI_MAG0], 0, ENOEXEC);
    CHECK_REFUSED(header->e_type, ET_REL, ENOEXEC);
    CHECK_REFUSED(header->e_machine, EM_S390, ENOEXEC);
    CHECK_REFUSED(header->e_phentsize, 32, ENOEXEC);
    CHECK_REFUSED(header->e_phnum, 0, ENOEXEC);
    CHECK_REFUSED(header->e_phnum, 65535, ENOEXEC);
}

TEST(cut_short)
{
    static const size_t sizes[] = {0, 1, 4, 63, 64, 100};
    read_program();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        int status = run_damaged(sizes[i]);
        CHECK(status != 0);
        CHECK(!WIFEXITED(status) || WEXITSTATUS(status) >= 100);
    }
}

TEST(segments_out_of_reach)
{
    if (!on_wharf())
        skip("Linux fails in other ways here");
    read_program();
    Elf64_Ehdr *header = (void *)program;
    Elf64_Phdr *segment = (void *)(program + header->e_phoff);
    while (segment->p_type != PT_LOAD)
        segment++;
    CHECK_REFUSED(segment->p_vaddr, 1UL << 63, ENOEXEC);
    CHECK_REFUSED(segment->p_vaddr, 0xffffffc080200000, ENOEXEC);
    CHECK_REFUSED(segment->p_memsz, -1UL, ENOEXEC);
    CHECK_REFUSED(segment->p_offset, segment->p_offset + 1, ENOEXEC);
    CHECK_REFUSED(segment->p_align, 3, ENOEXEC);
}

TEST_SECONDS(random_damage, 120)
{
    static char whole[HEADERS];
    if (!on_wharf())
        skip("would run nonsense on this machine");
    read_program();
    memcpy(whole, program, HEADERS);
    srand(random_seed);
    for (int round = 0; round < 200; round++) {
        for (int i = rand() % 4; i >= 0; i--)
            program[rand() % HEADERS] = rand();
        run_damaged(program_size);
        memcpy(program, whole, HEADERS);
    }
    CHECK_EQ(run_damaged(program_size), 0);
}
