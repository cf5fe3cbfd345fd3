// SPDX-License-Identifier: MIT
//
// The loopback interface.

#pragma once

#include <drivers/net_interface.h>

extern struct net_interface loopback_interface;
