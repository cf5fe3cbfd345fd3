// SPDX-License-Identifier: MIT
//
// Pipes without a name, for pipe2(2).

#pragma once

#include <fs/file.h>

// Make a pipe: the files of its reading and its writing end. flags: O_NONBLOCK.
// 0, -ENOMEM.
int pipe_open(struct file *ends[2], unsigned flags);
