// SPDX-License-Identifier: MIT
//
// env [-i] [name=value]... [command [argument]...]: runs the command with a
// changed environment, or prints the environment.

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char *argv[])
{
    int option;

    while ((option = getopt(argc, argv, "+i")) != -1) {
        if (option != 'i')
            return 125;
        clearenv();
    }
    for (; optind < argc && strchr(argv[optind], '='); optind++) {
        if (putenv(argv[optind]) != 0)
            err(125, "%s", argv[optind]);
    }
    if (optind < argc) {
        execvp(argv[optind], argv + optind);
        err(errno == ENOENT ? 127 : 126, "%s", argv[optind]);
    }
    for (char **variable = environ; variable && *variable; variable++)
        puts(*variable);
    return 0;
}
