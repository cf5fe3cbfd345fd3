// SPDX-License-Identifier: MIT
//
// date [-u] [+format]: prints the time of day; the format is strftime's.

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    const char *format = "%a %b %e %H:%M:%S %Z %Y";
    time_t now = time(NULL);
    struct tm *(*convert)(const time_t *) = localtime;
    char text[1024];
    int option;

    while ((option = getopt(argc, argv, "u")) != -1) {
        if (option != 'u')
            return 2;
        convert = gmtime;
    }
    if (optind < argc && argv[optind][0] == '+')
        format = argv[optind++] + 1;
    if (optind != argc)
        errx(2, "usage: date [-u] [+format]");
    if (*format && strftime(text, sizeof(text), format, convert(&now)) == 0)
        errx(1, "%s: too long", format);
    puts(*format ? text : "");
    return 0;
}
