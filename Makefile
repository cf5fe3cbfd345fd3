# SPDX-License-Identifier: MIT
# Wharf's build. `make help` lists what it can do; what needs explaining is in
# docs/building.md. The rules live in tools/mk/, the lists of source files in
# the folder that has the sources (kernel/files.mk, net/files.mk ...).

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

# make DEBUG=1 builds with assertions and checkers, in a folder of its own.
DEBUG ?= 0
B ?= $(if $(filter 1,$(DEBUG)),build/debug,build)

# make V=1 shows the commands.
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-7s %s\n' $(1) $(2))

all: $(B)/wharf $(B)/initrd.cpio ## build the kernel and the initrd (default)
.PHONY: all

include tools/mk/setup.mk
include tools/mk/third-party.mk
include tools/mk/kernel.mk
include tools/mk/user.mk
include tools/mk/run.mk
include tools/mk/nethost.mk
include tools/mk/check.mk

help: ## list the targets
	@sed -n 's/^\([a-z][a-z_. -]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | \
	    expand -t 26
.PHONY: help

clean: ## remove what was built
	rm -rf $(B)
distclean: clean ## remove the fetched sources too (the cache stays)
	rm -rf build compile_commands.json third_party/*/ third_party/.[!.]*
.PHONY: clean distclean
