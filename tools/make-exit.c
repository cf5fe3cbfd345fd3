// SPDX-License-Identifier: MIT
// A function for GNU make: $(exit-with NUMBER) ends make with that status.
//
// `make run` (tools/mk/run.mk) loads it. GNU make turns every failure of a
// recipe into status 2, while a CI job wants the status of the guest's command.
// Loadable objects are described in the GNU make manual, chapter "Extending
// make", from which the declarations below are taken.

#include <stdio.h>
#include <stdlib.h>

typedef char *(*make_function)(const char *name, unsigned argc, char **argv);
extern void gmk_add_function(const char *name, make_function function,
                             unsigned min_args, unsigned max_args,
                             unsigned flags);

// GNU make loads only objects that say that they may be linked with it.
int plugin_is_GPL_compatible;

static char *exit_with(const char *name, unsigned argc, char **argv)
{
    (void)name;
    (void)argc;
    fflush(NULL);
    exit(atoi(argv[0]));
}

// Called once, by the Makefile's load directive. Non-zero means success.
int make_exit_setup(void)
{
    gmk_add_function("exit-with", exit_with, 1, 1, 0);
    return 1;
}
