// SPDX-License-Identifier: MIT
//
// free: memory in use, in KiB, from /proc/meminfo.

#include <err.h>
#include <stdio.h>
#include <string.h>

enum {
    TOTAL,
    FREE,
    AVAILABLE,
    CACHED,
    FIELDS
};

int main(void)
{
    static const char *const names[FIELDS] = {
        [TOTAL] = "MemTotal",
        [FREE] = "MemFree",
        [AVAILABLE] = "MemAvailable",
        [CACHED] = "Cached",
    };
    FILE *file = fopen("/proc/meminfo", "r");
    unsigned long values[FIELDS] = {0}, value;
    char name[64];

    if (!file)
        err(1, "/proc/meminfo");
    while (fscanf(file, "%63[^:]: %lu%*[^\n]\n", name, &value) == 2) {
        for (int i = 0; i < FIELDS; i++) {
            if (strcmp(names[i], name) == 0)
                values[i] = value;
        }
    }
    printf("%12s %12s %12s %12s %12s\n", "total", "used", "free", "cached",
           "available");
    printf("%12lu %12lu %12lu %12lu %12lu\n", values[TOTAL],
           values[TOTAL] - values[FREE], values[FREE], values[CACHED],
           values[AVAILABLE]);
    return 0;
}
