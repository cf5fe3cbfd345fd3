# SPDX-License-Identifier: MIT
# The programs of the root folder, one line each: user/NAME.c, or user/NAME/*.c.

# Starting, and the shell.
programs += init
programs += run-command
programs += sh
