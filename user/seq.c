// SPDX-License-Identifier: MIT
//
// seq [first [step]] last: prints whole numbers, one per line.

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

static long long number(const char *text)
{
    char *end;
    long long value = strtoll(text, &end, 10);

    if (!*text || *end)
        errx(2, "%s: not a whole number", text);
    return value;
}

int main(int argc, char *argv[])
{
    long long first = 1, step = 1, last;

    if (argc < 2 || argc > 4)
        errx(2, "usage: seq [first [step]] last");
    if (argc > 2)
        first = number(argv[1]);
    if (argc > 3)
        step = number(argv[2]);
    if (step == 0)
        errx(2, "the step must not be 0");
    last = number(argv[argc - 1]);
    for (; step > 0 ? first <= last : first >= last; first += step)
        printf("%lld\n", first);
    if (fflush(stdout) != 0)
        err(1, "standard output");
    return 0;
}
