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

# remove_cgroup NAME: after the container's end. Where the old hierarchy of systemd's is there as well, nspawn has made the same
# directories in it.
remove_cgroup() {
    local own mount
    [ ! -d /run/systemd/system ] || return 0
    own=$(sed -n 's/^0:://p' /proc/self/cgroup)/$1
    while read -r mount; do
        find "$mount$own" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done < <(awk '$3 == "cgroup2" || $3 == "cgroup" && $4 ~ /(^|,)name=systemd(,|$)/ { print $2 }' /proc/mounts)
}
