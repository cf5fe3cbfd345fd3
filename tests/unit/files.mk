# SPDX-License-Identifier: MIT
# The unit tests, and the files under test of each.

units += test_bootargs
test_bootargs-tests := kernel/dev/bootargs.c
units += test_virtqueue
test_virtqueue-tests := drivers/virtio/virtqueue.c
units += test_radix
test_radix-tests := kernel/lib/radix.c
units += test_buddy
test_buddy-tests := kernel/mm/buddy.c
units += test_uio
test_uio-tests := kernel/mm/uio.c
units += test_chacha
test_chacha-tests := kernel/lib/chacha.c
units += test_fdt
test_fdt-tests := kernel/dev/fdt.c
$(B)/unit/test_fdt: unit-cflags += -isystem $(LIBFDT_DIR)
$(B)/unit/test_fdt: | $(libfdt-fetched)
units += test_cpio
test_cpio-tests := kernel/fs/cpio.c
units += test_tty_line
test_tty_line-tests := kernel/fs/tty_line.c kernel/fs/tty_edit.c
units += test_send_buffer
test_send_buffer-tests := net/tcp/send_buffer.c
units += test_checksum
test_checksum-tests := net/lwip/checksum.c
units += test_bpf
test_bpf-tests := net/filter/bpf_verify.c net/filter/bpf_run.c
