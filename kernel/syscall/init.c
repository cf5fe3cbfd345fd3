// SPDX-License-Identifier: MIT
//
// The first steps of process 1, in the kernel: the console as its descriptors 0
// to 2, then the program of rdinit=, or the first of the usual ones that is
// there. main.c starts it.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <dev/bootargs.h>
#include <fs/vfs.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <riscv/trap.h>
#include <string.h>
#include <syscall/exec.h>

static void open_console(void)
{
    struct file *file;

    if (file_open(AT_FDCWD, "/dev/console", O_RDWR, 0, &file)) {
        log_line("no /dev/console for init");
        return;
    }
    for (int fd = 0; fd < 3; fd++) {
        file_get(file);
        fd_add(file, false);
    }
    file_put(file);
}

#define INIT_ARGS_MAX 32

// Split the words that follow `--` among the boot arguments.
static void init_arguments(char *words, const char *argv[INIT_ARGS_MAX + 1])
{
    unsigned n = 1;

    for (char *word = words; *word && n < INIT_ARGS_MAX;) {
        size_t length = strcspn(word, " ");
        bool last = !word[length];
        word[length] = '\0';
        if (length)
            argv[n++] = word;
        word += length + !last;
    }
    argv[n] = NULL;
}

void init_run(void *unused)
{
    static const char *const candidates[] = {"/init", "/sbin/init", "/bin/init",
                                             "/bin/sh"};
    static const char *const envp[] = {"HOME=/", "TERM=linux", NULL};
    const char *argv[INIT_ARGS_MAX + 1] = {0};
    char chosen[128];

    (void)unused;
    open_console();
    char *words = kstrdup(bootargs_for_init());
    init_arguments(words ? words : (char[]){""}, argv);
    bool only_one = bootarg_value("rdinit", chosen, sizeof(chosen));
    unsigned count = only_one ? 1 : ARRAY_SIZE(candidates);
    int error = -ENOENT;
    for (unsigned i = 0; i < count; i++) {
        argv[0] = only_one ? chosen : candidates[i];
        error = exec_init(argv[0], argv, envp);
        if (error != -ENOENT)
            break;
    }
    kfree(words);
    if (error)
        panic("cannot run %s: error %d", argv[0], -error);
    log_line("init: %s", argv[0]);
    trap_enter_user(current->frame);
}
