/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the library in a running process leaves for compatmallocctl to find, so that this need not guess from
 * the configuration what a process was told when it started: a note among the constants, which nothing can
 * change any more. The tool looks for it where the library's file is mapped and only read.
 *
 * Tool and library may be of different versions: members are only ever added, behind the others, with another
 * magic number.
 */
#ifndef NOTICE_H
#define NOTICE_H

#include <stdint.h>

#define NOTICE_MAGIC UINT64_C(0xc0a7d0ce51f0a3e9)

struct notice {
    uint64_t magic;
    uint64_t self;     /* its own address, so that nothing else is taken for it */
    uint32_t profile;  /* enum profile; off also for COMPATMALLOC_DISABLE */
    uint32_t on_error; /* enum on_error */
};

#endif
