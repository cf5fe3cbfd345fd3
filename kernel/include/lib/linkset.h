// SPDX-License-Identifier: MIT
//
// Linker sets: a file adds an element to a table that another file walks, and
// neither names the other. linker.ld collects each set; taking a file out of
// the build takes its elements out of the tables.

#pragma once

#include <lib/types.h>

// Add a constant element of type to the set.
#define LINKSET_ENTRY(set, type, name) \
    static const type name             \
        __attribute__((used, section("linkset." #set), aligned(8)))

#define LINKSET_DECLARE(set, type)   \
    extern const type set##_start[]; \
    extern const type set##_end[]

#define linkset_for_each(e, set) for (e = set##_start; e < set##_end; e++)

// Start-up work, run on the boot hart by main in the order of these stages; a
// failing initcall is logged with its errno and the boot goes on.
enum initcall_stage {
    INIT_CORE,     // memory, traps and the clock are there; no tasks yet
    INIT_DEVICES,  // tasks run; interrupt controllers and buses
    INIT_DRIVERS,  // devices that stand on them
    INIT_FS,       // file systems, device nodes
    INIT_NET,      // the network
    INIT_LATE,     // all else, before /init
};

struct initcall {
    enum initcall_stage stage;
    int (*function)(void);  // 0 or -errno; may sleep from INIT_DEVICES on
    const char *name;
};

#define INITCALL(at_stage, fn)                                                \
    LINKSET_ENTRY(initcalls, struct initcall, initcall_##fn) = {at_stage, fn, \
                                                                #fn}

LINKSET_DECLARE(initcalls, struct initcall);
