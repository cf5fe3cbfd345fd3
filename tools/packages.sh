# SPDX-License-Identifier: MIT
# Reads third_party/packages.txt, for tools/setup and tools/doctor.

# The rows of a group: package names, proof. The group test includes build.
package_rows() {
    while read -r group names proof; do
        case $group in
        "$1") echo "$names $proof" ;;
        build) [ "$1" = test ] && echo "$names $proof" ;;
        esac
    done < "$(dirname "$0")/../third_party/packages.txt"
}

# What a row's package brings, when it is there.
proof_found() {
    case $1 in
    /*) [ -e "$1" ] && echo "$1" ;;
    *) command -v "$1" ;;
    esac
}

# Of `a|b`, the name in this release of Debian; testing has no VERSION_ID.
name_here() {
    case $1 in
    *'|'*)
        release=$(. /etc/os-release && echo "${VERSION_ID:-99}")
        if [ "${release%%.*}" -lt 13 ]; then
            echo "${1#*|}"
        else
            echo "${1%|*}"
        fi
        ;;
    *) echo "$1" ;;
    esac
}

# The packages of a group that are not here, on one line.
missing_packages() {
    package_rows "$1" | while read -r names proof; do
        proof_found "$proof" >/dev/null || name_here "$names"
    done | tr '\n' ' ' | sed 's/ $//'
}
