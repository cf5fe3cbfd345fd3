# SPDX-License-Identifier: MIT
# Tests, checks and measurements.

$(B)/.setup-test: third_party/packages.txt tools/setup | $(setup)
	@tools/setup test
	@touch $@

# Unit tests: tests/unit/NAME.c with the files under test, compiled for this
# machine with its sanitizers. tests/unit/files.mk has for each:
#   units += NAME
#   NAME-tests := net/seq.c ...
# A header in tests/unit/shim stands in for the kernel's of that name.
-include tests/unit/files.mk

unit-cflags := -std=gnu11 -O1 -g -D_GNU_SOURCE -DDEBUG=1 -DUNIT_TEST -Wall -Wextra \
    -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -pthread \
    -Itests/unit -Itests/unit/shim -Ikernel/include -Inet/include -Idrivers/include

unit-headers := $(wildcard tests/unit/*.h tests/unit/shim/*/*.h \
    kernel/include/*/*.h net/include/*/*.h drivers/include/*/*.h)

# $(eval $(call unit-test,NAME))
define unit-test
$(B)/unit/$(1): tests/unit/$(1).c $($(1)-tests) $(unit-headers) | $$(setup)
	$$(call say,HOSTCC,$$@)
	@mkdir -p $$(@D)
	$$(Q)gcc $$(unit-cflags) -o $$@ $$(filter %.c,$$^)
endef
$(foreach name,$(units),$(eval $(call unit-test,$(name))))

test-files := $(B)/wharf $(B)/initrd.cpio $(B)/initrd-tests.cpio \
    $(B)/host-tests/usertests $(programs:%=$(B)/host-user/%) $(units:%=$(B)/unit/%) $(B)/nethost/nethost

# make test T='-k accept' passes T to pytest.
T ?=
test: $(B)/.setup-test $(test-files) ## run all tests; ends with 'N passed, N failed'
	@$(MAKE) --no-print-directory DEBUG=1 B=$(B)/debug $(B)/debug/wharf
	@tools/test --build $(B) $(units:%=$(B)/unit/%) $(B)/nethost/nethost -- tests/host $(T)

SOAK_BOOTS ?= 20
soak: $(B)/.setup-test $(test-files) ## 20 boots of transmitting without a stall, on 1 and 2 harts
	@SOAK_BOOTS=$(SOAK_BOOTS) tools/test --build $(B) -- tests/host/test_soak.py $(T)

soak-wire: $(B)/.setup-test $(test-files) ## 64 MiB through bad wires each way, 20 % loss included
	@BADWIRE_MIB=64 BADWIRE_SECONDS=7200 tools/test --build $(B) -- \
	    tests/host/test_badwire.py $(T)

test-debian: $(B)/.setup-test $(B)/wharf $(B)/.rootfs ## run Debian's programs in the guest, and check what they do
	@tools/test --build $(B) -- tests/debian $(T)

unit: $(units:%=$(B)/unit/%) ## the unit tests alone
	@tools/test --build $(B) $^
.PHONY: test soak soak-wire test-debian unit

lint: $(B)/.setup-test ## check format, include rules, and with cppcheck
	@tools/check-floors
	@tools/check-style
	@tools/check-format
	@cppcheck --quiet --error-exitcode=1 --inline-suppr \
	    --enable=warning --suppressions-list=tools/cppcheck.txt \
	    -Ikernel/include -Inet/include -Idrivers/include -D__riscv -D__GNUC__ \
	    '-D__VERSION__=""' \
	    kernel net drivers user

format: $(B)/.setup-test ## let clang-format rewrite what lint would reject
	@tools/check-format --fix
.PHONY: lint format

compile_commands.json: FORCE ## for clangd and the like
	@tools/compile-commands $@ $(MAKE) B=$(B) $(B)/wharf $(B)/initrd-tests.cpio

figures: $(B)/wharf $(B)/initrd.cpio ## measure what docs and notes quote
	@WHARF_BUILD=$(B) tools/figures
.PHONY: figures

insn-count: $(B)/wharf $(B)/initrd.cpio $(B)/insn-plugin.so ## count the instructions of a boot
	@$(boot) tools/insn-count $(B)/insn-plugin.so
.PHONY: insn-count

$(B)/insn-plugin.so: tools/insn-plugin.c FORCE | $(setup)
	@mkdir -p $(@D)
	@gcc -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared \
	    -DPLUGIN_API=$$(tools/qemu --plugin-api) $< -o $@
