// SPDX-License-Identifier: MIT
// The one function of the C library that lwIP calls (netif_find, for the number
// in "et0") and that picolibc cannot give to a kernel: its atoi sets errno,
// which is thread-local, and tp is the kernel's own.

#include <ctype.h>
#include <stdlib.h>

// The decimal number at the start of s, without sign; 0 if there is none.
int atoi(const char *s)
{
    int value = 0;

    while (isdigit((unsigned char)*s)) {
        value = value * 10 + (*s++ - '0');
    }
    return value;
}
