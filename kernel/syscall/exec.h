// SPDX-License-Identifier: MIT
//
// What the files of execve share: exec.c prepares and commits, exec_file.c has
// the program's file, script.c follows `#!` lines, exec_strings.c and
// exec_stack.c carry arguments over, elf.c maps the program.

#pragma once

#include <abi/elf.h>
#include <fs/file.h>
#include <lib/types.h>
#include <mm/mm.h>

#define EXEC_HEAD    256     // bytes of a file that tell what it is, as Linux
#define SCRIPT_DEPTH 5       // interpreters of interpreters
#define STRING_MAX   131072  // Linux's MAX_ARG_STRLEN

// Strings one behind the other, each with its terminator.
struct strings {
    char *data;       // kmalloc
    size_t used;      // bytes
    size_t capacity;  // of data
    uint64_t count;
};

// A program on its way into a new address space; nothing in it belongs to the
// caller's process until commit.
struct exec {
    char *path;             // as given: AT_EXECFN and the task's name; owned
    struct file *file;      // the program; a script's interpreter in the end
    char head[EXEC_HEAD];   // its first bytes, zeros behind its end
    struct strings prefix;  // arguments that scripts put in front
    bool script;            // the first argument is replaced by these
    struct strings argv, envp;
    uint64_t limit;  // bytes that these and their pointers may take
    struct mm *mm;   // the new address space
    bool executable_stack;

    // Filled in by elf.c.
    uaddr entry;            // where user mode starts
    uaddr program_entry;    // AT_ENTRY, differs with an interpreter
    uaddr headers;          // AT_PHDR
    unsigned header_count;  // AT_PHNUM
    uaddr interpreter;      // AT_BASE, 0 without

    // Credentials that the file's set-user-ID and set-group-ID bits give.
    uint32_t euid, egid;
    bool secure;  // AT_SECURE: they differ from the caller's

    uaddr sp;  // filled in by exec_stack.c
};

// Open a program to be run: -EACCES unless it is a regular file with execute
// permission. flags: LOOKUP_*. A reference in *file.
int exec_open(long dirfd, const char *path, unsigned flags, struct file **file);
// Read all n bytes at position, or -ENOEXEC.
int exec_read(struct file *file, uint64_t position, void *to, size_t n);
// Fill exec->head from exec->file.
int exec_read_head(struct exec *exec);
// Let mm hold the file that its program is in. -ETXTBSY: it is being written.
int exec_hold_program(struct mm *mm, struct file *file);

// Follow `#!` lines until exec->file is no script.
int exec_scripts(struct exec *exec);

// Add a string behind or in front of all others. -ENOMEM, -EFAULT, -E2BIG.
int strings_add(struct strings *strings, const char *s);
int strings_add_user(struct strings *strings, uaddr s);
int strings_prepend(struct strings *strings, const char *s);

// Choose where the stack ends and mappings begin in exec->mm.
void exec_layout(struct exec *exec);
// Make the stack: strings, auxiliary vector, pointers.
int exec_stack(struct exec *exec);

// Map the program (and its interpreter) into exec->mm. -ENOEXEC if it is no
// ELF program for this machine.
int elf_load(struct exec *exec);

// A random number of pages below count, in bytes; 0 with `noaslr`.
uint64_t exec_random_pages(uint32_t count);
