// SPDX-License-Identifier: MIT
//
// The boot arguments: words between blanks. Read in place, so they are there
// before any memory is. As on Linux the last word of a name counts, and what
// follows a word `--` is init's.

#include <dev/bootargs.h>

#include <dev/fdt.h>
#include <string.h>

static const char blanks[] = " \t\n";

// The next word from *at on, which moves behind it: its length, 0 at the end
// of the kernel's words.
static size_t next_word(const char **at, const char **word)
{
    *word = *at + strspn(*at, blanks);
    size_t n = strcspn(*word, blanks);
    *at = *word + n;
    return n == 2 && !memcmp(*word, "--", 2) ? 0 : n;
}

bool bootarg_value(const char *name, char *buf, size_t n)
{
    const char *at = fdt_bootargs(), *word, *value = NULL;
    size_t length, name_length = strlen(name), value_length = 0;
    while ((length = next_word(&at, &word))) {
        if (length > name_length && word[name_length] == '=' &&
            !memcmp(word, name, name_length)) {
            value = word + name_length + 1;
            value_length = length - name_length - 1;
        }
    }
    if (!value || value_length >= n)
        return false;
    memcpy(buf, value, value_length);
    buf[value_length] = '\0';
    return true;
}

bool bootarg_flag(const char *name)
{
    const char *at = fdt_bootargs(), *word;
    size_t length, name_length = strlen(name);
    while ((length = next_word(&at, &word)))
        if (length == name_length && !memcmp(word, name, length))
            return true;
    return false;
}

const char *bootargs_for_init(void)
{
    const char *at = fdt_bootargs(), *word;
    while (next_word(&at, &word))
        ;
    return at + strspn(at, blanks);
}
