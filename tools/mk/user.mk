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

$(B)/user-objects/%.o: %.c $(B)/.musl | $(setup)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(user-cflags) -MMD -MP -c $< -o $@

# $(call program-sources,FOLDER,NAME): the one file, or the folder's files.
program-sources = $(or $(wildcard $(1)/$(2)/*.c),$(1)/$(2).c)
# $(call program-objects,FOLDER,NAME...)
program-objects = $(foreach name,$(2),$(patsubst %.c,$(B)/user-objects/%.o,\
    $(call program-sources,$(1),$(name))))

# $(eval $(call link-program,OUTPUT,OBJECTS)): what the guest gets, and beside the
# objects the same program with its symbols.
define link-program
$(1): $(2) tools/mk/user.mk
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D) $(B)/user-symbols
	$$(Q)$$(user-link) $(2) -o $(B)/user-symbols/$$(@F) \
	    -Wl,--start-group $$(MUSL)/lib/libc.a -lgcc -Wl,--end-group \
	    $$(MUSL)/lib/crtn.o
	$$(Q)$$(CROSS)strip -o $$@ $(B)/user-symbols/$$(@F)
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

# The in-guest tests are one program in an archive behind the initrd's: the
# kernel unpacks one after the other.
$(eval $(call link-program,$(B)/rootfs-tests/tests/usertests,\
    $(tests-y:%.c=$(B)/user-objects/tests/user/%.o)))

$(B)/tests.cpio: $(B)/rootfs-tests/tests/usertests tools/mkcpio
	@tools/mkcpio $@ $(B)/rootfs-tests
$(B)/initrd-tests.cpio: $(B)/initrd.cpio $(B)/tests.cpio
	@cat $^ > $@

# The same tests, and the programs, for this machine: the tests' expectations
# and the programs' portability are tested on Linux.
host-cflags := -std=gnu11 -O2 -g -D_GNU_SOURCE -Wall -Wextra -Werror -pthread

# $(eval $(call host-program,OUTPUT,SOURCES))
define host-program
$(1): $(2) | $$(setup)
	$$(call say,HOSTCC,$$@)
	@mkdir -p $$(@D)
	$$(Q)gcc $$(host-cflags) -o $$@ $$(filter %.c,$(2))
endef

$(eval $(call host-program,$(B)/host-tests/usertests,\
    $(tests-y:%=tests/user/%) $(wildcard tests/user/*.h)))
$(foreach name,$(programs),$(eval $(call host-program,$(B)/host-user/$(name),\
    $(call program-sources,user,$(name)) $(wildcard user/*.h user/$(name)/*.h))))

host-programs: $(B)/host-tests/usertests $(programs:%=$(B)/host-user/%) ## the in-guest tests and programs, for this machine
.PHONY: host-programs

-include $(patsubst %.o,%.d,$(call program-objects,user,$(programs)) \
    $(tests-y:%.c=$(B)/user-objects/tests/user/%.o))
