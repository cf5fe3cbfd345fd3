// SPDX-License-Identifier: MIT
//
// Frames at random, for fuzz.c and fuzz_calls.c.

#pragma once

#include "net.h"

void fuzz_inject_frame(void);
void fuzz_take_what_was_sent(void);  // frames are answers to some of it
void fuzz_pass_time(void);           // what would end by itself has ended
