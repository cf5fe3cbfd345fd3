// SPDX-License-Identifier: MIT
//
// A network of the test's own: in the guest the machine's, on Linux a namespace
// whose `lo` is up; the test is skipped for whoever may not have one.
#pragma once

void private_network(void);

// if_nametoindex(3), which in some C libraries wants more kinds of sockets.
// 0: there is no such interface.
int interface_index(const char *name);
