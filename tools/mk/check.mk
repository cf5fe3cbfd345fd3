# SPDX-License-Identifier: MIT
# Tests and checks.

$(B)/.setup-test: third_party/packages.txt tools/setup | $(setup)
	@tools/setup test
	@touch $@
