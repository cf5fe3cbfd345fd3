# SPDX-License-Identifier: MIT
# The unit tests, and the files under test of each.

units += test_bootargs
test_bootargs-tests := kernel/dev/bootargs.c
units += test_virtqueue
test_virtqueue-tests := drivers/virtio/virtqueue.c
