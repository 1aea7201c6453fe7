/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CVE-2014-0160 with the receive buffer that OpenSSL had, 17736 bytes for every connection. See heartbeat.h.
 * The size is the length that the request claims.
 *
 * expect: unnoticed
 * expect from 20480: fault
 * expect strict: unnoticed
 * expect strict from 17734: heap-buffer-overflow
 * sizes: 5000 17733 20480 65535
 * needs: guard-pages
 */
#include "heartbeat.h"

#define BUFFER_SIZE 17736

static void bad(size_t size)
{
    serve(BUFFER_SIZE, "password=hunter2", size, 1);
}

static void good(size_t size)
{
    (void)size;
    serve(BUFFER_SIZE, "", 16, 16);
}
