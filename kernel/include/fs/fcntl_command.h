// SPDX-License-Identifier: MIT
//
// fcntl(2) commands that concern one kind of file or one subsystem (pipes'
// sizes, record locks), by linker set.

#pragma once

#include <lib/linkset.h>
#include <lib/types.h>

struct file;

struct fcntl_command {
    unsigned command;  // F_*
    long (*function)(struct file *file, unsigned command,
                     unsigned long argument);
};
LINKSET_DECLARE(fcntl_commands, struct fcntl_command);
#define FCNTL_COMMAND(name) \
    LINKSET_ENTRY(fcntl_commands, struct fcntl_command, fcntl_##name)
