# SPDX-License-Identifier: MIT
# net/ compiled for the host: the kernel's own files that go with it, what
# stands in for the rest, and the tests.

nethost-kernel += drivers/net_device.c
nethost-kernel += kernel/lib/mutex.c
nethost-kernel += kernel/lib/radix.c
nethost-kernel += kernel/lib/spinlock.c
nethost-kernel += kernel/lib/wait.c
nethost-kernel += kernel/proc/mutex_order.c
nethost-kernel += kernel/mm/uio.c
nethost-kernel += kernel/fs/descriptor.c
nethost-kernel += kernel/fs/epoll.c
nethost-kernel += kernel/fs/epoll_item.c
nethost-kernel += kernel/fs/file.c
nethost-kernel += kernel/fs/files.c
nethost-kernel += kernel/fs/poll.c
nethost-kernel += kernel/fs/text.c
nethost-kernel += kernel/syscall/descriptor.c
nethost-kernel += kernel/syscall/epoll.c
nethost-kernel += kernel/syscall/message.c
nethost-kernel += kernel/syscall/poll.c
nethost-kernel += kernel/syscall/socket.c
nethost-kernel += kernel/syscall/socketpair.c
nethost-kernel += kernel/syscall/sockopt.c
nethost-kernel += kernel/syscall/transfer.c

# Of net/ all but what the C library has as well.
nethost-net := $(addprefix net/,$(filter-out lwip/atoi.c,$(net-y)))

nethost-port += tasks.c
nethost-port += memory.c
nethost-port += services.c
nethost-port += wire.c
nethost-port += segment.c
nethost-port += harness.c

nethost-tests += tcp_open.c
nethost-tests += tcp_send.c
nethost-tests += tcp_receive.c
nethost-tests += tcp_close.c
nethost-tests += tcp_segments.c
nethost-tests += tcp_bounds.c
nethost-tests += tcp_options.c
nethost-tests += tcp_icmp.c
nethost-tests += tcp_timers.c
nethost-tests += udp_icmp.c
nethost-tests += arp_dhcp.c
nethost-tests += bad_wire.c
nethost-tests += fuzz.c
nethost-tests += fuzz_calls.c
