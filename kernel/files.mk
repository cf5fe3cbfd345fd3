# SPDX-License-Identifier: MIT
# The kernel's source files, one line each; the build looks at nothing else.

kernel-y += dev/bootargs.c
kernel-y += dev/fdt.c
kernel-y += dev/plic.c
kernel-y += dev/power.c
kernel-y += dev/rng_seed.c
kernel-y += dev/rtc.c
kernel-y += dev/uart.c
kernel-y += lib/log.c
kernel-y += lib/panic.c
kernel-y += lib/symbols.c
kernel-y += lib/chacha.c
kernel-y += lib/random.c
kernel-y += syscall/syscall.c
kernel-debug += lib/ubsan.c
