# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# What must be so whichever packages went through their life cycle. $R is what the probe left.

# shellcheck source=tests/boot/scenario.bash
. "$BATS_TEST_DIRNAME/scenario.bash"

life_cycle_steps='old upgraded downgraded upgraded-again reinstalled removed installed-again purged'

services_are_protected() {
    cat "$R/old/"*.processes
    [ "$(wc -l <"$R/old/nginx.processes")" -ge 2 ]
    [ "$(wc -l <"$R/old/redis-server.processes")" -ge 1 ]
    run ! grep -hv ' mapped$' "$R/old/nginx.processes" "$R/old/redis-server.processes"
}

bug_is_reported() {
    cat "$R/buggy.journal"
    grep -Eq '^compatmalloc: heap-buffer-overflow: 1 byte written past the end of a 100-byte block' "$R/buggy.journal"
}

services_are_the_same_throughout() {
    local step
    for step in $life_cycle_steps; do
        diff -u "$R/old/nginx.processes" "$R/$step/nginx.processes"
        diff -u "$R/old/redis-server.processes" "$R/$step/redis-server.processes"
        diff -u "$R/old/nginx.state" "$R/$step/nginx.state"
        diff -u "$R/old/redis-server.state" "$R/$step/redis-server.state"
    done
}

no_request_failed() {
    run ! cat "$R/wrk.failed" "$R/redis.failed"
    run ! grep -E 'Non-2xx|Socket errors' "$R/wrk.out"
    run ! grep -i error "$R/redis.out"
    [ ! -s "$R/nginx.answered-otherwise" ]
    grep -q '^total_error_replies:0' "$R/redis.info"
    # There were requests, in each of the steps.
    [ "$(grep -c 'requests in' "$R/wrk.out")" -ge 8 ]
    [ "$(grep -c 'requests per second' "$R/redis.out")" -ge 8 ]
}

starts_were_silent() {
    local step
    sort "$1" | uniq -c
    for step in $life_cycle_steps; do
        grep -qx "$step" "$1"
    done
    run ! cat "$R/starts.unexpected"
}

file_was_whole() {
    local old new
    old=$(awk '{ print $1 }' "$R/old.sum")
    new=$(awk '{ print $1 }' "$R/new.sum")
    [ "$old" != "$new" ]
    sort "$R/file" | uniq -c
    [ "$(awk '$1 == "old" { print $2 }' "$R/file" | sort -u)" = "$old" ]
    run ! grep -Ev " ($old|$new|absent)( |\$)" "$R/file"
    run ! grep -Ev '^(removed|installed-again|purged|end) ' <(grep absent "$R/file")
    grep -q "^upgraded $new" "$R/file"
    grep -q "^downgraded $old" "$R/file"
}

preload_file_is_kept_and_cleaned() {
    local step
    grep libcompatmalloc.so.1 "$R/old/preload"
    for step in upgraded downgraded upgraded-again reinstalled; do
        diff -u "$R/old/preload" "$R/$step/preload"
    done
    for step in removed installed-again purged; do
        [ "$(xargs <"$R/$step/preload")" = "$(xargs <"$R/old/preload" | cut -d ' ' -f 1)" ]
    done
}

timer_goes_with_the_package() {
    local step
    for step in old upgraded downgraded upgraded-again reinstalled; do
        grep -qx active "$R/$step/timer"
    done
    for step in removed purged; do
        run ! grep -x active "$R/$step/timer"
    done
}

configuration_is_kept() {
    local step
    for step; do
        grep -qx '# of my own' "$R/$step/conf"
    done
}
