// SPDX-License-Identifier: MIT
//
// sleep seconds: waits; a fraction is allowed.

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char *argv[])
{
    struct timespec left;
    double seconds;
    char *end;

    if (argc != 2)
        errx(2, "usage: sleep seconds");
    seconds = strtod(argv[1], &end);
    if (!*argv[1] || *end || !(seconds >= 0 && seconds < 1e15))
        errx(2, "%s: not a time", argv[1]);
    left.tv_sec = seconds;
    left.tv_nsec = (seconds - left.tv_sec) * 1e9;
    while (nanosleep(&left, &left) < 0) {
        if (errno != EINTR)
            err(1, "nanosleep");
    }
    return 0;
}
