# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# What is done to the two services, wherever they run. Results are files in the current directory. The time limits are for
# clients whose server has died: redis-benchmark would try again for ever.

# list_processes NAME PID...: one line "PID COMMAND mapped|not-mapped" per process that is not a thread of another.
list_processes() {
    local name=$1 pid state
    shift
    for pid; do
        state=not-mapped
        if grep -q '/libcompatmalloc\.so\.1' "/proc/$pid/maps"; then
            state=mapped
        fi
        printf '%s %s %s\n' "$pid" "$(cat "/proc/$pid/comm")" "$state"
    done >"$name.processes"
}

# load_nginx URL ACCESS_LOG: two kinds of load: small answers compressed one by one, and a file of a mebibyte.
load_nginx() {
    local status=0
    {
        timeout 100 wrk --threads 2 --connections 32 --duration 3s --header 'Accept-Encoding: gzip' "$1/" &&
            timeout 100 wrk --threads 1 --connections 8 --duration 1s "$1/mebibyte"
    } >wrk.out 2>&1 || status=$?
    echo "$status" >wrk.status
    awk '$9 == 200' "$2" | wc -l >nginx.answered-200
    awk '$9 != 200' "$2" >nginx.answered-otherwise
}

# load_redis PORT: the commands of redis-benchmark with small and large values, alone and in pipelines; strings that grow
# step by step; a snapshot written by a forked child.
load_redis() {
    local port=$1 status=0
    {
        timeout 100 redis-benchmark -p "$port" -n 20000 -c 25 -r 2000 -d 16 -P 16 --csv \
            -t set,get,incr,lpush,rpush,lpop,sadd,hset,spop,zadd,lrange_100,mset &&
            timeout 100 redis-benchmark -p "$port" -n 10000 -c 25 -r 2000 -d 700 --csv -t set,get,lpush,rpush,hset,mset &&
            timeout 100 redis-benchmark -p "$port" -n 3000 -c 25 -r 2000 -d 20000 --csv -t set,get,mset
    } >redis-benchmark.out 2>&1 || status=$?
    echo "$status" >redis-benchmark.status

    redis-cli -p "$port" eval "for i = 1, 20000 do redis.call('append', 'grows' .. i % 50, string.rep('x', i % 997)) end
        return redis.call('strlen', 'grows7')" 0 >redis.grown || true
    redis-cli -p "$port" bgsave >/dev/null || return 0
    for _ in $(seq 300); do
        redis-cli -p "$port" info >redis.info || return 0
        grep -q '^rdb_bgsave_in_progress:0' redis.info && break
        sleep 0.1
    done
}
