# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# Where systemd runs this machine, it makes the containers' control groups; elsewhere there is nobody to ask, and we do: in one of its
# own, or two containers at a time would take each other's processes for their own.

# cgroup_below_mount NAME: that container's, from where control groups are mounted; fails where that is systemd's business.
cgroup_below_mount() {
    [ ! -d /run/systemd/system ] || return
    echo "$(sed -n 's/^0:://p' /proc/self/cgroup)/$1"
}

# cgroup_of NAME: its directory; fails as well.
cgroup_of() {
    local own
    own=$(cgroup_below_mount "$1") || return
    echo "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)$own"
}

# remove_cgroup NAME: after the container's end. Where the old hierarchy of systemd's is there as well, nspawn has made the same
# directories in it.
remove_cgroup() {
    local own mount
    own=$(cgroup_below_mount "$1") || return 0
    while read -r mount; do
        find "$mount$own" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done < <(awk '$3 == "cgroup2" || $3 == "cgroup" && $4 ~ /(^|,)name=systemd(,|$)/ { print $2 }' /proc/mounts)
}
