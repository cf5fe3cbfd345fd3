# SPDX-License-Identifier: MIT
# The kernel: kernel/, net/ and drivers/ with lwIP and libfdt, linked by
# linker.ld. A source file is part of it if its folder's files.mk names it.

CROSS ?= riscv64-unknown-elf-

-include kernel/files.mk net/files.mk drivers/files.mk
ifeq ($(DEBUG),1)
kernel-y += $(kernel-debug)
net-y += $(net-debug)
drivers-y += $(drivers-debug)
endif

kernel-sources := $(addprefix kernel/,$(kernel-y)) $(addprefix net/,$(net-y)) \
    $(addprefix drivers/,$(drivers-y))
kernel-objects := $(patsubst %,$(B)/%.o,$(basename $(kernel-sources)))

# No F and D: the kernel never touches floating-point registers.
kernel-arch := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -mno-relax

# -fbuiltin, since a freestanding compiler would call memcpy for eight bytes;
# printf and free are the kernel's own.
kernel-codegen := -ffreestanding -fbuiltin -fno-builtin-printf -fno-builtin-free \
    -fno-omit-frame-pointer -fno-strict-aliasing -fno-common -fno-pic \
    -fno-stack-protector -fno-asynchronous-unwind-tables -g --specs=picolibc.specs -DPICOLIBC_INTEGER_PRINTF_SCANF

ifeq ($(DEBUG),1)
kernel-codegen += -O1 -DDEBUG=1
kernel-sanitize := -fsanitize=undefined
# The handlers themselves, and code that runs before the kernel is mapped.
$(B)/kernel/lib/ubsan.o: kernel-sanitize :=
else
kernel-codegen += -O2 -DDEBUG=0
endif

kernel-includes := -Ikernel/include -Inet/include -Idrivers/include -Inet/lwip \
    -isystem $(LWIP_DIR)/src/include -isystem $(LWIP_DIR)/contrib/addons/tcp_isn \
    -isystem $(LIBFDT_DIR)

# To some versions of gcc the body of WITH_LOCK, a loop that runs once, might not
# run at all, and what it sets be uninitialised. Cutting short is what snprintf is
# used for.
kernel-cflags = $(kernel-arch) $(kernel-codegen) $(kernel-sanitize) -std=gnu11 \
    -Wall -Wextra -Werror -Wno-maybe-uninitialized -Wno-format-truncation \
    $(kernel-includes)

# Other flags, other objects.
$(kernel-objects): tools/mk/kernel.mk

$(B)/%.o: %.c | $(setup) $(lwip-fetched) $(libfdt-fetched)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(kernel-cflags) -MD -MP -c $< -o $@

$(B)/%.o: %.S | $(setup)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(kernel-cflags) -MD -MP -c $< -o $@

-include $(kernel-objects:.o=.d)

# linker.ld shares the memory layout's header with the C code.
$(B)/linker.ld: linker.ld | $(setup)
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc -E -P -x assembler-with-cpp $(kernel-includes) \
	    -MD -MP -MT $@ -MF $@.d $< -o $@
-include $(B)/linker.ld.d

# The link, with the table of symbols that backtraces need. The table's size
# moves what lies behind it, so the kernel is linked with an empty table, with
# one of the final size, and with the final one.
# Of picolibc's two builds `release` is the one whose memcpy is not made for size.
# $(call link,OUTPUT,TABLE)
link = $(CROSS)gcc -march=rv64imac -mabi=lp64 -mcmodel=medany \
    --specs=picolibc.specs --picolibc-buildtype=release \
    -Wl,--defsym=vfprintf=__i_vfprintf -nostdlib -nostartfiles -static \
    -T $(B)/linker.ld $(lwip-wrap) -Wl,--no-relax -Wl,--no-gc-sections -Wl,--no-warn-rwx-segments \
    -Wl,--build-id=none -Wl,-Map=$(1).map -o $(1) \
    $(kernel-objects) $(third-party-objects) $(2) -Wl,--start-group -lc -lgcc -Wl,--end-group

$(B)/wharf: $(kernel-objects) $(third-party-objects) $(B)/linker.ld tools/ksyms \
    $(wildcard kernel/files.mk net/files.mk drivers/files.mk) net/lwip/files.mk
	$(call say,LINK,$@)
	$(Q)tools/ksyms > $(B)/ksyms.S
	$(Q)for pass in 1 2 3; do \
	    $(CROSS)gcc $(kernel-arch) -c $(B)/ksyms.S -o $(B)/ksyms.o && \
	    $(call link,$(B)/wharf.pass,$(B)/ksyms.o) && \
	    tools/ksyms $(CROSS)nm $(B)/wharf.pass > $(B)/ksyms.S || exit 1; \
	done
	$(Q)mv $(B)/wharf.pass.map $(B)/wharf.map && mv $(B)/wharf.pass $@
