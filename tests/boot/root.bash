# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# A Debian root to install packages in and to boot, of the same release as this machine, because packages built here may
# need this machine's libc. Made once and kept as an archive below $BUILD; every user unpacks a copy of its own.

ROOT_PACKAGES=systemd-sysv,dbus,dbus-user-session,libpam-systemd,nginx-light,redis-server,redis-tools,wrk,curl,procps,python3-apt,jq,strace,rpm,python3,cron,openssh-server

# Prints the archive's path; makes it if it is not there. Progress and errors go to stderr.
root_archive() {
    local suite archive
    # shellcheck source=/dev/null
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    archive=$BUILD/boot/root-$suite-$(cksum <<<"$ROOT_PACKAGES" | cut -d ' ' -f 1).tar
    if [ ! -e "$archive" ]; then
        mkdir -p "$BUILD/boot"
        local mirrors=() settings=() line
        # shellcheck disable=SC2016 # the parentheses are for apt
        # This machine's own Debian sources and the settings that apt reaches them with, not mirrors of our choice.
        while IFS= read -r line; do
            mirrors+=("$line")
        done < <(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
            'Identifier: Packages' 'Origin: Debian' | sort -u)
        while IFS= read -r line; do
            settings+=("--aptopt=$line")
        done < <(apt-config dump | grep -iE '^Acquire::(https?|ftp)::|^Acquire::Check-' | grep -v ' "";$')
        if ! mmdebstrap --variant=minbase --format=tar --include="$ROOT_PACKAGES" "${settings[@]}" "$suite" "$archive.new" \
            "${mirrors[@]}" >"$archive.log" 2>&1; then
            rm -f "$archive.new"
            echo "mmdebstrap could not make a root:" >&2
            tail -n 20 "$archive.log" >&2
            return 1
        fi
        mv "$archive.new" "$archive"
    fi
    echo "$archive"
}

# unpack_root DIRECTORY
unpack_root() {
    local archive
    archive=$(root_archive) && mkdir -p "$1" && tar --numeric-owner --xattrs --xattrs-include='*' -xpf "$archive" -C "$1"
}
