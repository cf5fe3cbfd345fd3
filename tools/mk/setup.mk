# SPDX-License-Identifier: MIT
# Set-up: Debian packages that are missing get installed, once per build folder.
# Everything that is built waits for $(setup). SETUP=no forbids installing.

setup := $(B)/.setup
export SETUP ?= yes

$(setup): third_party/packages.txt tools/setup
	@tools/setup build
	@mkdir -p $(@D) && touch $@

doctor: ## say what is here and what is missing; changes nothing
	@tools/doctor
.PHONY: doctor
