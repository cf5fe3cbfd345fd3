/* SPDX-License-Identifier: MIT */
/*
 * Offsets that trap_entry.S and entry.S use into struct hart and struct
 * trap_frame; trap.c asserts that they are right.
 */
#pragma once

#define HART_KERNEL_SP   0
#define HART_USER_SP     8
#define HART_OVERFLOW_SP 16
#define HART_HARTID      48
#define HART_SIZE        96

#define FRAME_PC      0
#define FRAME_SP      16
#define FRAME_TP      32
#define FRAME_STATUS  256
#define FRAME_CAUSE   264
#define FRAME_ADDRESS 272
#define FRAME_SIZE    288

#define SSTATUS_SPP_BIT 8
#define STATUS_FS       0x6000 /* SSTATUS_FS */
