// SPDX-License-Identifier: MIT
//
// uptime: how long the machine has been running, and its load.

#include <err.h>
#include <stdio.h>

int main(void)
{
    FILE *file = fopen("/proc/uptime", "r");
    double seconds, load[3];
    long minutes;

    if (!file || fscanf(file, "%lf", &seconds) != 1)
        err(1, "/proc/uptime");
    fclose(file);
    minutes = seconds / 60;
    printf("up %ld days, %02ld:%02ld", minutes / 1440, minutes / 60 % 24,
           minutes % 60);
    file = fopen("/proc/loadavg", "r");
    if (file && fscanf(file, "%lf %lf %lf", &load[0], &load[1], &load[2]) == 3)
        printf(", load %.2f %.2f %.2f", load[0], load[1], load[2]);
    if (file)
        fclose(file);
    putchar('\n');
    return 0;
}
