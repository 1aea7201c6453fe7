/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CVE-2021-3156, as it was in sudo, which still uses the block when it looks users up: nothing frees it
 * before, so that nothing is found until the program ends. See sudo-unescape.h.
 *
 * expect: heap-buffer-overflow | heap-buffer-underflow | fault
 * expect from 70000: fault
 * sizes: 40 1000 70000
 * needs: canaries guard-pages
 */
#include "sudo-unescape.h"

static void *kept;

static void bad(size_t size)
{
    kept = run(lay_out_attack(size));
}

static void good(size_t size)
{
    (void)size;
    kept = run("annual\\ report\\ \\(draft\\).txt");
}
