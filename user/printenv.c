// SPDX-License-Identifier: MIT
//
// printenv [name]...: prints the environment, or the values of variables.

#include <stdio.h>
#include <stdlib.h>

extern char **environ;

int main(int argc, char *argv[])
{
    int status = 0;

    for (char **variable = environ; argc == 1 && *variable; variable++)
        puts(*variable);
    for (int i = 1; i < argc; i++) {
        const char *value = getenv(argv[i]);

        if (value)
            puts(value);
        else
            status = 1;
    }
    return status;
}
