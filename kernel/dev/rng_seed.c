// SPDX-License-Identifier: MIT
//
// Entropy from the firmware: /chosen/rng-seed, which counts in full.

#include <dev/fdt.h>
#include <lib/linkset.h>
#include <lib/log.h>
#include <lib/random.h>
#include <string.h>

static int rng_seed_init(void)
{
    uint8_t seed[64];
    size_t n = fdt_take_rng_seed(seed, sizeof(seed));
    if (n > 0)
        random_add(seed, n, 8 * n);
    else
        log_line("random: the device tree has no rng-seed");
    memset(seed, 0, sizeof(seed));
    asm volatile("" ::"r"(seed) : "memory");  // keep the memset
    return 0;
}

INITCALL(INIT_CORE, rng_seed_init);
