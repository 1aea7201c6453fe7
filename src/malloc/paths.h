/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The variants of the hot paths, one of which serves a process (fast.h and generic.h say what they are made
 * from). */
#ifndef PATHS_H
#define PATHS_H

struct constants;
struct dispatch;

/* A profile's features, as constants. */
extern const struct dispatch paths_default, paths_light, paths_strict;
#if defined(__x86_64__)
extern const struct dispatch paths_default_avx2, paths_light_avx2, paths_strict_avx2;
extern const struct dispatch paths_default_avx512, paths_light_avx512, paths_strict_avx512;
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
