# SPDX-License-Identifier: MIT
# The programs of the root folder, one line each: user/NAME.c, or user/NAME/*.c.

# Starting, and the shell.
programs += init
programs += run-command
programs += sh

# Files and text.
programs += cat
programs += chmod
programs += cmp
programs += cp
programs += cut
programs += dd
programs += df
programs += grep
programs += head
programs += hexdump
programs += ln
programs += ls
programs += mkdir
programs += mount
programs += umount
programs += mv
programs += rm
programs += rmdir
programs += seq
programs += sha256sum
programs += sort
programs += stat
programs += tail
programs += tee
programs += touch
programs += tr
programs += uniq
programs += wc

# Processes and the system.
programs += date
programs += dmesg
programs += env
programs += false
programs += free
programs += hostname
programs += kill
programs += poweroff
programs += printenv
programs += ps
programs += reboot
programs += sleep
programs += sync
programs += true
programs += uname
programs += uptime

# The network.
programs += echod
programs += fetch
programs += httpd
programs += ip
programs += nc
programs += ping
programs += ss
