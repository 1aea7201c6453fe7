/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CVE-2021-3156, as it would be in a program that frees its block. See sudo-unescape.h.
 *
 * expect: heap-buffer-overflow | fault
 * expect from 70000: fault
 * sizes: 1 40 1000 70000
 * needs: canaries guard-pages
 */
#include "sudo-unescape.h"

static void bad(size_t size)
{
    free(run(lay_out_attack(size)));
}

static void good(size_t size)
{
    (void)size;
    free(run("annual\\ report\\ \\(draft\\).txt"));
}
