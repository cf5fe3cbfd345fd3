# SPDX-License-Identifier: MIT
# User space: programs against musl, the root folder made of them, the initrd.
# A program is user/NAME.c, or all of user/NAME/*.c, and one line in
# user/files.mk: programs += NAME.

-include user/files.mk

user-cflags = -march=rv64gc -mabi=lp64d -std=gnu11 -O2 -g -D_GNU_SOURCE \
    -D__linux__=1 -D__unix__=1 -fno-pic -nostdinc -isystem $(MUSL)/include \
    -isystem $(shell $(CROSS)gcc -print-file-name=include) -Wall -Wextra -Werror
user-link = $(CROSS)gcc -march=rv64gc -mabi=lp64d -nostdlib -static \
    -Wl,-z,max-page-size=4096 -Wl,--build-id=none \
    $(MUSL)/lib/crt1.o $(MUSL)/lib/crti.o

$(B)/user-objects/%.o: %.c $(MUSL)/.done | $(setup)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(user-cflags) -MMD -MP -c $< -o $@

# $(call program-sources,FOLDER,NAME): the one file, or the folder's files.
program-sources = $(or $(wildcard $(1)/$(2)/*.c),$(1)/$(2).c)
# $(call program-objects,FOLDER,NAME...)
program-objects = $(foreach name,$(2),$(patsubst %.c,$(B)/user-objects/%.o,\
    $(call program-sources,$(1),$(name))))

# $(eval $(call link-program,OUTPUT,OBJECTS))
define link-program
$(1): $(2)
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(user-link) $(2) -o $$@ -Wl,--start-group $$(MUSL)/lib/libc.a -lgcc \
	    -Wl,--end-group $$(MUSL)/lib/crtn.o
endef

$(foreach name,$(programs),$(eval $(call link-program,$(B)/rootfs/bin/$(name),\
    $(call program-objects,user,$(name)))))

# user/rootfs is copied over the root folder: /etc, /var/www and the like.
rootfs-files := $(shell find user/rootfs -type f -o -type l 2>/dev/null)

$(B)/.rootfs: $(programs:%=$(B)/rootfs/bin/%) $(rootfs-files) $(wildcard user/files.mk)
	@mkdir -p $(addprefix $(B)/rootfs/,bin sbin etc root var/www)
	@mkdir -p $(addprefix $(B)/rootfs/,dev proc tmp run)
	@test ! -d user/rootfs || cp -a user/rootfs/. $(B)/rootfs/
	@ln -sf bin/init $(B)/rootfs/init
	@ln -sf ../bin/init $(B)/rootfs/sbin/init
	@touch $@

# Always looked at, so that a file added to build/rootfs by hand is noticed.
$(B)/initrd.cpio: $(B)/.rootfs tools/mkcpio FORCE
	@tools/mkcpio $@ $(B)/rootfs
.PHONY: FORCE

-include tests/user/files.mk

$(foreach name,$(tests),$(eval $(call link-program,$(B)/rootfs-tests/tests/$(name),\
    $(call program-objects,tests/user,$(name) $(tests-common)))))

# The in-guest tests come as an archive behind the initrd: the kernel unpacks
# one after the other.
$(B)/initrd-tests.cpio: $(tests:%=$(B)/rootfs-tests/tests/%) $(B)/initrd.cpio tools/mkcpio
	@mkdir -p $(B)/rootfs-tests/tests
	@tools/mkcpio $(B)/tests.cpio $(B)/rootfs-tests
	@cat $(B)/initrd.cpio $(B)/tests.cpio > $@

# The same tests, and the programs, as programs of this machine.
host-cflags := -std=gnu11 -O2 -g -D_GNU_SOURCE -Wall -Wextra -Werror -pthread

define host-program
$(1): $(2) | $$(setup)
	$$(call say,HOSTCC,$$@)
	@mkdir -p $$(@D)
	$$(Q)gcc $$(host-cflags) -MMD -MP -o $$@ $$(filter %.c,$(2))
-include $(1).d
endef

$(foreach name,$(tests),$(eval $(call host-program,$(B)/host-tests/$(name),\
    $(foreach part,$(name) $(tests-common),$(call program-sources,tests/user,$(part))))))
$(foreach name,$(programs),$(eval $(call host-program,$(B)/host-user/$(name),\
    $(call program-sources,user,$(name)))))

host-tests: $(tests:%=$(B)/host-tests/%) $(programs:%=$(B)/host-user/%) ## the in-guest tests and programs, for this machine
.PHONY: host-tests

-include $(patsubst %.o,%.d,$(call program-objects,user,$(programs)) \
    $(call program-objects,tests/user,$(tests) $(tests-common)))
