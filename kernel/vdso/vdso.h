/* SPDX-License-Identifier: MIT */
/*
 * What vdso.S and proc/vdso.c share.
 */
#pragma once

#include <proc/vdso.h>

#define VDSO_DATA_SIZE 4096

/* struct vdso_data */
#define VDSO_NSEC_PER_TICK   0
#define VDSO_REALTIME_OFFSET 8

/* Clocks that need no system call, by number: REALTIME, MONOTONIC,
 * MONOTONIC_RAW, the two COARSE ones, BOOTTIME; and those with the offset. */
#define VDSO_CLOCKS      0xf3
#define VDSO_WALL_CLOCKS 0x21
