// SPDX-License-Identifier: MIT
//
// mount [[-t type] device folder]: mounts a file system, or lists those that
// are mounted.

#include <err.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

static int list(void)
{
    FILE *file = fopen("/proc/mounts", "r");
    char device[256], folder[256], type[64], options[256];

    if (!file)
        err(1, "/proc/mounts");
    while (fscanf(file, "%255s %255s %63s %255s%*[^\n]", device, folder, type,
                  options) == 4)
        printf("%s on %s type %s (%s)\n", device, folder, type, options);
    fclose(file);
    return 0;
}

int main(int argc, char *argv[])
{
    const char *type = NULL;
    int option;

    if (argc == 1)
        return list();
    while ((option = getopt(argc, argv, "t:")) != -1) {
        if (option != 't')
            return 2;
        type = optarg;
    }
    if (argc - optind != 2)
        errx(2, "usage: mount [[-t type] device folder]");
    if (mount(argv[optind], argv[optind + 1], type, 0, NULL) < 0)
        err(1, "%s", argv[optind + 1]);
    return 0;
}
