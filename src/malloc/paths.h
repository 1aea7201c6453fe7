/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The variants of the hot paths, one of which serves a process (fast.h and generic.h say what they are made
 * from). */
#ifndef PATHS_H
#define PATHS_H

struct constants;
struct dispatch;

/* All features that are compiled in, as constants. */
extern const struct dispatch paths_compiled;
#if defined(__x86_64__)
extern const struct dispatch paths_compiled_avx2;
#endif

#if defined(__aarch64__)
/* Blocks with memory tags, around any of the others. */
extern const struct dispatch paths_tagged;
#endif

/* Any set of features, looked up in constants.features. */
extern const struct dispatch paths_dynamic;

/* profile = off: libc's own allocator. */
extern const struct dispatch paths_passthrough;

const struct dispatch *paths_for(const struct constants *constants);

/* What the exported functions call: the same, or what gives blocks their tags around it. */
const struct dispatch *paths_around(const struct constants *constants);

#endif
