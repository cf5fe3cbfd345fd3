// SPDX-License-Identifier: MIT
//
// The DEBUG build's check of the order in which a task takes mutexes; they are
// noted in the task, which floor 0 does not know, so the scheduler's floor
// defines these (proc/mutex_order.c).

#pragma once

#include <lib/lock.h>

void mutex_order_check(const struct mutex *m);  // about to take it
void mutex_order_taken(const struct mutex *m);
void mutex_order_released(const struct mutex *m);
