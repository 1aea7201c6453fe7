# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# Where systemd runs this machine, it makes the containers' control groups; elsewhere there is nobody to ask, and we do: in one of its
# own, or two containers at a time would take each other's processes for their own.

# cgroup_of NAME: the directory for that container; fails where that is systemd's business.
cgroup_of() {
    [ ! -d /run/systemd/system ] || return
    echo "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)$(sed -n 's/^0:://p' /proc/self/cgroup)/$1"
}

# remove_cgroup NAME: after the container's end.
remove_cgroup() {
    local cgroup
    if cgroup=$(cgroup_of "$1") && [ -d "$cgroup" ]; then
        find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true
    fi
}
