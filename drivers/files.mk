# SPDX-License-Identifier: MIT
# The drivers' source files, one line each. A driver registers itself: without
# its lines the kernel is built without it.

drivers-y += net_device.c
drivers-y += net_proc.c
drivers-y += virtio/mmio.c
drivers-y += virtio/virtqueue.c
drivers-y += virtio-net/rx.c
drivers-y += virtio-net/tx.c
drivers-y += virtio-net/virtio_net.c
drivers-y += virtio-blk/virtio_blk.c
drivers-y += virtio-rng/virtio_rng.c
drivers-y += tun/tun.c
drivers-y += tun/tun_file.c
