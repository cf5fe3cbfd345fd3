// SPDX-License-Identifier: MIT
//
// cat [file|-]...: copies files, or standard input, to standard output.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static char buffer[65536];

static void write_all(const char *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(1, data, length);

        if (n < 0)
            err(1, "standard output");
        data += n;
        length -= n;
    }
}

static bool copy(int fd, const char *name)
{
    ssize_t n;

    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        write_all(buffer, n);
    if (n < 0)
        warn("%s", name);
    return n == 0;
}

static bool copy_file(const char *name)
{
    int fd = open(name, O_RDONLY);
    bool good;

    if (fd < 0) {
        warn("%s", name);
        return false;
    }
    good = copy(fd, name);
    close(fd);
    return good;
}

int main(int argc, char *argv[])
{
    bool good = true;

    if (argc < 2)
        return !copy(0, "standard input");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-") == 0)
            good &= copy(0, "standard input");
        else
            good &= copy_file(argv[i]);
    }
    return !good;
}
