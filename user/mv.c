// SPDX-License-Identifier: MIT
//
// mv from... to: renames within one file system.

#include <err.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int main(int argc, char *argv[])
{
    const char *to = argv[argc - 1];
    struct stat st;
    bool into;
    int status = 0;

    if (argc < 3) {
        fprintf(stderr, "usage: mv from... to\n");
        return 2;
    }
    into = stat(to, &st) == 0 && S_ISDIR(st.st_mode);
    if (!into && argc > 3)
        errx(1, "%s: is no folder", to);
    for (int i = 1; i < argc - 1; i++) {
        char name[PATH_MAX], target[PATH_MAX];

        snprintf(name, sizeof(name), "%s", argv[i]);
        snprintf(target, sizeof(target), "%s%s%s", to, into ? "/" : "",
                 into ? basename(name) : "");
        if (rename(argv[i], target) < 0) {
            warn("%s to %s", argv[i], target);
            status = 1;
        }
    }
    return status;
}
