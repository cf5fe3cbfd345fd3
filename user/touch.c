// SPDX-License-Identifier: MIT
//
// touch path...: sets a file's times to now; makes it if it is not there.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    int status = 0;

    if (argc < 2)
        errx(2, "usage: touch path...");
    for (int i = 1; i < argc; i++) {
        int fd;

        if (utimensat(AT_FDCWD, argv[i], NULL, 0) == 0)
            continue;
        fd = errno == ENOENT ? open(argv[i], O_WRONLY | O_CREAT, 0666) : -1;
        if (fd < 0) {
            warn("%s", argv[i]);
            status = 1;
        } else {
            close(fd);
        }
    }
    return status;
}
