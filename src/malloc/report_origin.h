/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who is being reported: the process, and the place in it that made the call.
 *
 * The heap is damaged and other threads may hold any lock, so this asks the kernel (auxiliary vector,
 * /proc/self/maps) and never the dynamic loader, whose lists live in the heap and whose lock may be held.
 */
#ifndef REPORT_ORIGIN_H
#define REPORT_ORIGIN_H

#include "platform.h"

#include "format.h"

/* The executable's path, as [program ...] sections name it; without /proc the one it was started by. */
COLD void report_put_program(struct text *text);

/* The same as it was found at the start: nobody is asked. */
COLD void report_put_program_from_start(struct text *text);

/* The control group, by which systemd tells whose process it is: "/system.slice/nginx.service". Nothing
 * without /proc, or if it is the topmost. */
COLD void report_put_cgroup(struct text *text);

/* "MODULE+0xOFFSET" of the call that returns to `return_address`, as addr2line -e MODULE 0xOFFSET takes it;
 * without /proc only the address, unless it is in the program's own file. Not reentrant: one report at a
 * time. */
COLD void report_put_call_site(struct text *text, const void *return_address);

/* The same without asking the kernel: nothing if the call is not in the program's own file. */
COLD void report_put_call_site_of_program(struct text *text, const void *return_address);

#endif
