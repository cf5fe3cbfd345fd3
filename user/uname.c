// SPDX-License-Identifier: MIT
//
// uname [-asnrvm]: what the system calls itself.

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    static const char letters[] = "snrvm";
    struct utsname name;
    const char *values[] = {name.sysname, name.nodename, name.release,
                            name.version, name.machine};
    unsigned wanted = 0;
    const char *space = "";
    int option;

    while ((option = getopt(argc, argv, "asnrvm")) != -1) {
        if (option == '?')
            return 2;
        if (option == 'a')
            wanted = 0x1f;
        else
            wanted |= 1u << (strchr(letters, option) - letters);
    }
    if (wanted == 0)
        wanted = 1;
    if (uname(&name) < 0)
        err(1, "uname");
    for (int i = 0; i < 5; i++) {
        if (wanted & (1u << i)) {
            printf("%s%s", space, values[i]);
            space = " ";
        }
    }
    putchar('\n');
    return 0;
}
