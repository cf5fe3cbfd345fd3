// SPDX-License-Identifier: MIT
//
// kernel/dev/bootargs.c: words and values of the boot arguments.

#include "unit.h"

#include <dev/bootargs.h>
#include <dev/fdt.h>

static const char *line;

const char *fdt_bootargs(void)
{
    return line;
}

TEST(flags_are_whole_words)
{
    line = " quiet  debugging\tpanic=exit";
    CHECK(bootarg_flag("quiet"));
    CHECK(bootarg_flag("debugging"));
    CHECK(!bootarg_flag("debug"));
    CHECK(!bootarg_flag("panic"));
    line = "";
    CHECK(!bootarg_flag("quiet"));
}

TEST(the_last_value_counts)
{
    char value[16];
    line = "ip=dhcp trace=syscalls ip=10.0.2.15/24";
    CHECK(bootarg_value("ip", value, sizeof(value)));
    CHECK(!strcmp(value, "10.0.2.15/24"));
    CHECK(!bootarg_value("i", value, sizeof(value)));
    line = "empty= a=b=c";
    CHECK(bootarg_value("empty", value, sizeof(value)));
    CHECK(!strcmp(value, ""));
    CHECK(bootarg_value("a", value, sizeof(value)));
    CHECK(!strcmp(value, "b=c"));
}

TEST(a_value_that_does_not_fit_is_refused)
{
    char value[4];
    line = "x=123 y=1234";
    CHECK(bootarg_value("x", value, sizeof(value)));
    CHECK(!bootarg_value("y", value, sizeof(value)));
}

TEST(what_follows_two_dashes_is_for_init)
{
    char value[8];
    line = "quiet -- -c 'ls /' ip=none";
    CHECK(!strcmp(bootargs_for_init(), "-c 'ls /' ip=none"));
    CHECK(!bootarg_value("ip", value, sizeof(value)));
    line = "quiet --no";
    CHECK(!strcmp(bootargs_for_init(), ""));
    CHECK(bootarg_flag("--no"));
    line = "--";
    CHECK(!strcmp(bootargs_for_init(), ""));
}
