# SPDX-License-Identifier: MIT
# Booting: everything goes through tools/qemu, which says what it understands.

# What tools/qemu takes from its environment, when given to make.
export CPUS MEM NET TAP HOSTFWD NETDEV DISK DISK_SIZE PCAP APPEND VIRTIO QEMU GDB_PORT
INITRD ?= $(B)/initrd.cpio
boot := KERNEL=$(B)/wharf INITRD='$(INITRD)'
boot-files := $(B)/wharf $(filter $(B)/%,$(INITRD))

qemu: $(boot-files) ## boot to a shell; ctrl-A X ends it
	@$(boot) tools/qemu
.PHONY: qemu

qemu-gdb: $(boot-files) ## boot, and wait for 'make gdb' in another terminal
	@GDB=1 $(boot) tools/qemu
.PHONY: qemu-gdb

gdb: $(B)/wharf $(B)/.setup-test ## debug what 'make qemu-gdb' started
	@KERNEL=$(B)/wharf tools/gdb
.PHONY: gdb

# make run CMD='ls /proc/net' [TIMEOUT=seconds] [FILES='host:guest ...']
# Only the guest's output goes to standard output, so the build has to be quiet
# there. make itself exits with 2 whenever a recipe fails; to exit with the
# guest's status it needs a function of ours, $(exit-with NUMBER).
CMD ?= uname -a
TIMEOUT ?= 600
# A $ in the command is the guest's, not make's.
override CMD := $(value CMD)
export CMD

run: ran ## run CMD= in the guest: its output, its exit status
	$(exit-with $(shell cat $(B)/run.status))
ran:
	@$(MAKE) -s --no-print-directory $(boot-files) >&2
	@$(boot) tools/run --timeout '$(TIMEOUT)' --log $(B)/run.log \
	    $(patsubst %,--file '%',$(FILES)) -- "$$CMD"; echo $$? > $(B)/run.status
.PHONY: run ran

ifneq ($(filter run,$(MAKECMDGOALS)),)
-load $(B)/make-exit.so(make_exit_setup)
endif

$(B)/make-exit.so: tools/make-exit.c | $(setup)
	@mkdir -p $(@D)
	@gcc -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared $< -o $@
