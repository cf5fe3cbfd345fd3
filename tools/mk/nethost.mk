# SPDX-License-Identifier: MIT
# net/ and lwIP compiled for this machine with its sanitizers, on a virtual
# clock: tests/nethost/, docs/testing.md.

include tests/nethost/files.mk

nethost-sources := $(nethost-kernel) $(nethost-net) \
    $(addprefix tests/nethost/,$(nethost-port) $(nethost-tests))
nethost-objects := $(nethost-sources:%.c=$(B)/nethost/%.o) \
    $(lwip-y:%.c=$(B)/nethost/lwip/%.o)

# A header in tests/nethost/shim stands in for the kernel's of that name.
nethost-cflags := -std=gnu11 -O1 -g -DDEBUG=1 -Wall -Wextra -Werror \
    -Wno-maybe-uninitialized -Wno-format-truncation -fno-strict-aliasing \
    -fno-omit-frame-pointer -fsanitize=address,undefined \
    -fno-sanitize-recover=all -Itests/nethost -Itests/nethost/shim $(kernel-includes)

$(B)/nethost/%.o: %.c | $(setup) $(lwip-fetched)
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)gcc $(nethost-cflags) -MD -MP -c $< -o $@

# (lwIP shifts bytes into the sign of an int.)
$(B)/nethost/lwip/%.o: $(lwip-fetched) | $(setup)
	$(call say,HOSTCC,lwip/$*.c)
	@mkdir -p $(@D)
	$(Q)gcc $(nethost-cflags) -fno-sanitize=shift $(lwip-cflags-$*.c) -w -MD -MP \
	    -c $(LWIP_DIR)/$*.c -o $@

$(nethost-objects): tools/mk/nethost.mk
-include $(nethost-objects:.o=.d)

# The linker sets, by linker.ld's list of them.
$(B)/nethost/sets.ld: linker.ld
	@mkdir -p $(@D)
	@{ echo 'SECTIONS { .linksets : {'; \
	   sed -n 's/^ *LINKSET(\([a-z_]*\))/ . = ALIGN(8); \1_start = .; KEEP(*(linkset.\1)) \1_end = .;/p' $<; \
	   echo '} } INSERT AFTER .data;'; } > $@

nethost-link = gcc -fsanitize=address,undefined -no-pie -Wl,-T,$(B)/nethost/sets.ld \
    $(lwip-wrap) $(nethost-objects)

test-host: $(B)/nethost/nethost ## net/ and lwIP on the host, on a virtual clock
	@tools/test --build $(B) $^

SEEDS ?= 20
fuzz: $(B)/nethost/nethost ## frames at random at net/, SEEDS=20 of them
	@for seed in $$(seq $(SEEDS)); do \
	    $< -s $$seed -n 100000 fuzz || exit 1; \
	done
.PHONY: test-host fuzz

# What net/ would call of the kernel and is not here: a first link names it,
# and calling it ends the test.
$(B)/nethost/missing.c: $(nethost-objects) $(B)/nethost/sets.ld
	@$(nethost-link) -Wl,--warn-unresolved-symbols -o $(@:.c=.pass) 2>&1 | \
	    sed -n "s/.*undefined reference to [\`']\([a-z_0-9A-Z]*\)'.*/\1/p" | sort -u | \
	    { echo '_Noreturn void missing(const char *);'; \
	      sed 's/.*/void &(void) { missing("&"); }/'; } > $@

$(B)/nethost/nethost: $(B)/nethost/missing.c
	$(call say,HOSTLD,$@)
	$(Q)gcc -w -fno-builtin -c $< -o $(<:.c=.o)
	$(Q)$(nethost-link) $(<:.c=.o) -o $@
