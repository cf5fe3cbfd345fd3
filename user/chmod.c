// SPDX-License-Identifier: MIT
//
// chmod mode path...: sets permissions. The mode is octal, or changes such as
// u+x,go-w (POSIX.1-2017, XCU chmod; of the letters only rwx).

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static mode_t
    hidden;  // the umask: what "+x" for nobody in particular leaves out

// Takes letters off *text; returns the bits that they stand for.
static mode_t take(const char **text, const char *letters, const mode_t *bits)
{
    mode_t sum = 0;

    for (const char *found; **text && (found = strchr(letters, **text));
         ++*text)
        sum |= bits[found - letters];
    return sum;
}

// Applies one clause of a symbolic mode. Returns false if it is malformed.
static bool apply(const char **text, mode_t *mode)
{
    static const mode_t whose[] = {0700, 0070, 0007, 0777};
    static const mode_t what[] = {0444, 0222, 0111};
    mode_t who = take(text, "ugoa", whose);
    char sign = **text;
    mode_t bits;

    if (!sign || !strchr("+-=", sign))
        return false;
    ++*text;
    if (!who)
        who = 0777 & ~hidden;
    bits = take(text, "rwx", what) & who;
    if (sign == '=')
        *mode &= ~who;
    *mode = sign == '-' ? *mode & ~bits : *mode | bits;
    return true;
}

static mode_t change(const char *text, mode_t mode)
{
    const char *at = text;
    char *end;
    unsigned long octal = strtoul(text, &end, 8);

    if (end != text && !*end && octal <= 07777)
        return octal;
    mode &= 07777;
    while (apply(&at, &mode)) {
        if (*at == '\0')
            return mode;
        if (*at++ != ',')
            break;
    }
    errx(2, "%s: not a mode", text);
}

int main(int argc, char *argv[])
{
    int status = 0;

    if (argc < 3) {
        fprintf(stderr, "usage: chmod mode path...\n");
        return 2;
    }
    hidden = umask(0);
    for (int i = 2; i < argc; i++) {
        struct stat st;

        if (stat(argv[i], &st) < 0 ||
            chmod(argv[i], change(argv[1], st.st_mode)) < 0) {
            warn("%s", argv[i]);
            status = 1;
        }
    }
    return status;
}
