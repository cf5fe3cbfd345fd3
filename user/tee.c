// SPDX-License-Identifier: MIT
//
// tee [-a] [file]...: copies standard input to standard output and to files.

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, data, length);

        if (n < 0)
            return -1;
        data += n;
        length -= n;
    }
    return 0;
}

int main(int argc, char *argv[])
{
    int option, mode = O_TRUNC, status = 0;
    char buffer[8192];
    ssize_t n;
    int *files;

    while ((option = getopt(argc, argv, "a")) != -1) {
        if (option != 'a')
            return 2;
        mode = O_APPEND;
    }
    // argv[optind - 1]'s place is standard output's.
    files = calloc(argc, sizeof(*files));
    if (!files)
        err(1, "malloc");
    argv[optind - 1] = "standard output";
    files[optind - 1] = 1;
    for (int i = optind; i < argc; i++) {
        files[i] = open(argv[i], O_WRONLY | O_CREAT | mode, 0666);
        if (files[i] < 0) {
            warn("%s", argv[i]);
            status = 1;
        }
    }
    while ((n = read(0, buffer, sizeof(buffer))) > 0) {
        for (int i = optind - 1; i < argc; i++) {
            if (files[i] >= 0 && write_all(files[i], buffer, n) < 0) {
                warn("%s", argv[i]);
                files[i] = -1;
                status = 1;
            }
        }
    }
    if (n < 0)
        err(1, "standard input");
    return status;
}
