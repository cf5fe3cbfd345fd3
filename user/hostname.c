// SPDX-License-Identifier: MIT
//
// hostname [name]: prints or sets the name of the machine.

#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    char name[HOST_NAME_MAX + 1];

    if (argc > 2)
        errx(2, "usage: hostname [name]");
    if (argc == 2) {
        if (sethostname(argv[1], strlen(argv[1])) < 0)
            err(1, "%s", argv[1]);
        return 0;
    }
    if (gethostname(name, sizeof(name)) < 0)
        err(1, "gethostname");
    puts(name);
    return 0;
}
