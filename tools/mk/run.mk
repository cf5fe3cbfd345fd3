# SPDX-License-Identifier: MIT
# Booting: everything goes through tools/qemu, which says what it understands.

# What tools/qemu takes from its environment, when given to make.
export CPUS MEM NET TAP HOSTFWD NETDEV DISK DISK_SIZE PCAP APPEND VIRTIO QEMU GDB_PORT

# INITRD= is any cpio archive with a process 1 of its own, ROOTFS= a folder or an
# archive, PACKAGES= Debian packages: each decides what is booted.
INITRD ?= $(if $(PACKAGES)$(ROOTFS),,$(B)/initrd.cpio)
PACKAGES ?=
ROOTFS ?=
boot = KERNEL=$(B)/wharf INITRD='$(INITRD)'
boot-files = $(B)/wharf $(filter $(B)/%,$(INITRD)) $(if $(PACKAGES),$(B)/.rootfs)

# Put in front of a command that boots.
ifneq ($(PACKAGES),)
boot = image=$$(tools/packages --build $(B) $(PACKAGES)) && \
    case $$image in *.img) export ROOT=$$image ;; *) export INITRD=$$image ;; esac && \
    MEM=$${MEM:-512M} KERNEL=$(B)/wharf
else ifneq ($(ROOTFS),)
boot = if [ -d '$(ROOTFS)' ]; then \
    tools/mkcpio --modes $(B)/rootfs.cpio '$(ROOTFS)' && export INITRD=$(B)/rootfs.cpio; \
    else export INITRD='$(ROOTFS)'; fi && MEM=$${MEM:-512M} KERNEL=$(B)/wharf
endif

qemu: $(boot-files) ## boot to a shell; ctrl-A X ends it
	@$(boot) tools/qemu
.PHONY: qemu

# A guest of Debian's own programs, with what one expects of a small Debian.
DEBIAN := bash busybox-static coreutils findutils grep sed gawk less procps \
    iproute2 iputils-ping curl vim-tiny ca-certificates util-linux
debian-shell: $(B)/wharf ## boot to Debian's bash, with its usual tools
	@$(MAKE) --no-print-directory qemu PACKAGES='$(DEBIAN) $(PACKAGES)'
.PHONY: debian-shell

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
