// SPDX-License-Identifier: MIT
//
// dmesg: prints the kernel's log, by syslog(2).

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/klog.h>

enum {
    READ_ALL = 3,
    SIZE_BUFFER = 10
};

int main(void)
{
    int size = klogctl(SIZE_BUFFER, NULL, 0);
    char *text, *line;
    int length;

    if (size < 0)
        err(1, "klogctl");
    text = malloc(size + 1);
    if (!text)
        err(1, "malloc");
    length = klogctl(READ_ALL, text, size);
    if (length < 0)
        err(1, "klogctl");
    text[length] = '\0';
    // Each line begins with its level, <6>.
    for (line = text; *line;) {
        if (line[0] == '<' && line[1] && line[2] == '>')
            line += 3;
        while (*line && putchar(*line++) != '\n')
            continue;
    }
    return 0;
}
