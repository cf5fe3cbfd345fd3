# SPDX-License-Identifier: MIT
# The fetched sources: where they are, and how lwIP, libfdt and musl are built.
# A folder given by LWIP_DIR=, LIBFDT_DIR= or MUSL_DIR= is used as it is.

LWIP_DIR ?= third_party/lwip
LIBFDT_DIR ?= third_party/libfdt
MUSL_DIR ?= third_party/musl

# The file whose presence says that a source was fetched at its pinned version;
# nothing to wait for where the user brought a folder of his own.
fetched = $(if $(filter third_party/$(1),$($(2))),third_party/.$(1))
lwip-fetched := $(call fetched,lwip,LWIP_DIR)
libfdt-fetched := $(call fetched,libfdt,LIBFDT_DIR)
musl-fetched := $(call fetched,musl,MUSL_DIR)

third_party/.%: third_party/sources.txt tools/fetch | $(setup)
	@tools/fetch $* third_party/$*
	@touch $@

# musl's headers and libraries, built once per version, compiler and flags in
# the cache; build/musl is a link to them.
MUSL := $(B)/musl

$(B)/.musl: $(musl-fetched) tools/build-musl | $(setup)
	@mkdir -p $(B)
	@tools/build-musl $(MUSL_DIR) $(MUSL)
	@touch $@

# lwIP and libfdt are part of the kernel's link; their own warnings are theirs.
include net/lwip/files.mk
libfdt-y := fdt.c fdt_addresses.c fdt_ro.c fdt_rw.c fdt_strerror.c fdt_wip.c

third-party-objects := $(lwip-y:%.c=$(B)/lwip/%.o) $(libfdt-y:%.c=$(B)/libfdt/%.o)
third-party-cflags = $(kernel-arch) $(kernel-codegen) -std=gnu11 -w

$(B)/lwip/%.o: $(lwip-fetched) | $(setup)
	$(call say,CC,lwip/$*.c)
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(third-party-cflags) $(kernel-includes) \
	    $(lwip-cflags-$*.c) -MD -MP -c $(LWIP_DIR)/$*.c -o $@

$(B)/libfdt/%.o: $(libfdt-fetched) | $(setup)
	$(call say,CC,libfdt/$*.c)
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(third-party-cflags) -I$(LIBFDT_DIR) -MD -MP \
	    -c $(LIBFDT_DIR)/$*.c -o $@

-include $(third-party-objects:.o=.d)
