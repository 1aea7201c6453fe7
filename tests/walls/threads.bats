#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Threads, forks and signals that come at the worst moment. WALLS=full: a million threads, and a hundred times as many
# interrupted instructions.

load load

@test "10,000 threads at once" {
    need_memory 1500
    walk_if_possible crowds alive 10000
}

@test "1,000 threads at once, and their memory when they have ended" {
    need_memory 1500
    walk_if_possible crowds gone 1000
}

@test "threads come and go" {
    if full; then walk crowds ended 1000000; else walk crowds ended 30000; fi
}

@test "large blocks of several threads are resized and freed" { walk large-traffic; }
@test "the whole heap is looked at while others use it" { walk watched; }
@test "the whole heap is looked at while others use it, guard pages by mprotect" { on_old_kernel walk watched; }

# --- cancellation ----------------------------------------------------------------------------------------------------

@test "malloc is no cancellation point" { walk_locked cancelled heap; }
@test "malloc is no cancellation point, guard pages by mprotect" { on_old_kernel walk_locked cancelled heap; }
@test "a report is no cancellation point" { COMPATMALLOC_OPTIONS=on-error=log walk cancelled report; }

# --- forks -----------------------------------------------------------------------------------------------------------

@test "a storm of forks" { walk forks; }

@test "a storm of forks next to a library whose handlers allocate" {
    LD_PRELOAD="$LIB $PROGRAMS/libforkhandlers.so" "$PROGRAMS/forks"
}

@test "_Fork, and then malloc" { walk clones _Fork malloc; }
@test "_Fork, and then malloc of a large block" { walk clones _Fork malloc-large; }
@test "_Fork, and then free of a large block" { walk clones _Fork free-large; }
@test "_Fork, and then realloc of a large block" { walk clones _Fork realloc-large; }
@test "_Fork, and then realloc of a small block" { walk clones _Fork realloc-small; }
@test "_Fork, and then malloc_usable_size" { walk clones _Fork usable-size; }
@test "_Fork, and then malloc_trim" { walk clones _Fork trim; }
@test "_Fork, and then statistics" { walk clones _Fork statistics; }
@test "_Fork, and then a look at the whole heap" { walk clones _Fork check; }
@test "_Fork, and then fork" { walk clones _Fork fork; }
@test "clone, and then malloc" { walk clones clone malloc; }
@test "clone, and then realloc of a large block" { walk clones clone realloc-large; }
@test "clone with the memory of the parent" { walk clones vm malloc; }

# --- signals ---------------------------------------------------------------------------------------------------------

@test "a handler of SIGABRT allocates" { walk forks abort; }

@test "a handler jumps out of the first malloc of a size" { walk_if_possible interrupted first jump; }
@test "a handler jumps out of free while a magazine spills" { walk_if_possible interrupted spill jump; }
@test "a handler jumps out of malloc while a magazine is refilled" { walk_if_possible interrupted refill jump; }
@test "a handler jumps out of malloc and free of large blocks" { walk_if_possible interrupted large jump; }
@test "a handler jumps out of realloc of large blocks" { walk_if_possible interrupted resize jump; }
@test "a handler jumps out of malloc_trim" { walk_if_possible interrupted trim jump; }
@test "a handler jumps out of free of another thread's blocks" { walk_if_possible interrupted across jump; }
@test "a handler allocates in the first malloc of a size" { walk_if_possible interrupted first allocate; }
@test "a handler allocates in free while a magazine spills" { walk_if_possible interrupted spill allocate; }
@test "a handler allocates in malloc while a magazine is refilled" { walk_if_possible interrupted refill allocate; }
# bats test_tags=full
@test "a handler allocates in malloc and free of large blocks" {
    walk_if_possible interrupted large allocate
}
@test "a handler allocates in realloc of large blocks" { walk_if_possible interrupted resize allocate; }
# bats test_tags=full
@test "a handler allocates in malloc_trim" {
    walk_if_possible interrupted trim allocate
}
@test "a handler allocates in free of another thread's blocks" { walk_if_possible interrupted across allocate; }
