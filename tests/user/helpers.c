// SPDX-License-Identifier: MIT
//
// What this program does when a test executes it again: it shows the state
// that a new program finds. Output goes to standard output.
#include "harness.h"

#include <sys/auxv.h>

extern char **environ;

static int print(int argc, char **argv)
{
    (void)argc;
    write_all(1, argv[1], strlen(argv[1]));
    return 0;
}

static int arguments(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    for (char **entry = environ; *entry; entry++)
        printf("{%s}", *entry);
    printf("\n");
    return 0;
}

// The names of the auxiliary vector's entries that a program relies on.
static int auxiliary_vector(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    const unsigned char *random = (void *)getauxval(AT_RANDOM);
    const char *name = (void *)getauxval(AT_EXECFN);
    printf("%lu %d %d %lu %lu %lu %lu %s\n", getauxval(AT_PAGESZ),
           getauxval(AT_PHDR) != 0, getauxval(AT_ENTRY) != 0, getauxval(AT_UID),
           getauxval(AT_SECURE), getauxval(AT_CLKTCK),
           getauxval(AT_PHNUM) > 0 ? 1UL : 0UL, name ? name : "(none)");
    for (int i = 0; random && i < 16; i++)
        printf("%02x", random[i]);
    printf("\n");
    return 0;
}

// Which of the first descriptors are open, as digits.
static int descriptors(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (int fd = 0; fd < 32; fd++)
        if (fcntl(fd, F_GETFD) != -1)
            printf("%d ", fd);
    printf("\n");
    return 0;
}

// How SIGUSR1 and SIGUSR2 stand: default, ignored or caught; blocked or not.
static int signals(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static const int numbers[] = {SIGUSR1, SIGUSR2};
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (int i = 0; i < 2; i++) {
        struct sigaction action;
        sigaction(numbers[i], NULL, &action);
        printf("%s %s ",
               action.sa_handler == SIG_DFL   ? "default"
               : action.sa_handler == SIG_IGN ? "ignored"
                                              : "caught",
               sigismember(&blocked, numbers[i]) ? "blocked" : "open");
    }
    printf("\n");
    return 0;
}

static int process(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("%d %d\n", getpid(), getppid());
    return 0;
}

static int exit_with(int argc, char **argv)
{
    (void)argc;
    return atoi(argv[1]);
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} helpers[] = {
    {"print", print},
    {"arguments", arguments},
    {"auxiliary-vector", auxiliary_vector},
    {"descriptors", descriptors},
    {"signals", signals},
    {"process", process},
    {"exit", exit_with},
    {"probe", probe},
    {"churn", churn},
    {"connections", connections},
    {"exhaust", exhaust},
    {"capture", capture},
    {"inject", inject},
};

int run_helper(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(helpers) / sizeof(*helpers); i++)
        if (strcmp(argv[0], helpers[i].name) == 0)
            return helpers[i].run(argc, argv);
    fprintf(stderr, "usertests: no helper %s\n", argv[0]);
    return 2;
}
