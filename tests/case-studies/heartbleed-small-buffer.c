/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CVE-2014-0160 in a program that receives into a block of 600 bytes, among hundreds of such blocks. See
 * heartbeat.h. The size is the length that the request claims.
 *
 * expect: unnoticed | fault
 * expect from 65535: fault
 * expect strict: heap-buffer-overflow
 * sizes: 2000 65535
 * needs: guard-pages
 */
#include "heartbeat.h"

#define BUFFER_SIZE 600

static void bad(size_t size)
{
    serve(BUFFER_SIZE, "", size, 1);
}

static void good(size_t size)
{
    (void)size;
    serve(BUFFER_SIZE, "", 16, 16);
}
