/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The place in the program that made the call which this thread is serving: what a report names as "called
 * from".
 *
 * The fast paths know nothing of it and pay nothing for it. The exported functions jump into them instead of
 * calling them, and they jump to what is slower, so that there the return address is still the program's.
 * What the allocator calls of itself on the way is told by an address of its own and changes nothing.
 */
#ifndef CALLER_H
#define CALLER_H

#include "platform.h"

/* NULL if it is not known. */
extern __thread const void *caller_noted __attribute__((tls_model("initial-exec"), visibility("hidden")));

extern const char caller_library_start[] __asm__("__ehdr_start") __attribute__((visibility("hidden")));
extern const char caller_library_end[] __asm__("_end") __attribute__((visibility("hidden")));

static ALWAYS_INLINE bool caller_is_program(const void *return_address)
{
    uintptr_t start = (uintptr_t)caller_library_start;
    return likely((uintptr_t)return_address - start >= (uintptr_t)caller_library_end - start);
}

/* For functions that the exported ones jump to, and for those themselves. */
#ifndef FRAME_POINTERS
#define CALLER_NOTE() caller_note(__builtin_return_address(0))

static ALWAYS_INLINE void caller_note(const void *return_address)
{
    if (caller_is_program(return_address))
        caller_noted = return_address;
}
#else
#define CALLER_NOTE() caller_note(__builtin_frame_address(0))

/* Compilers make no jumps when they optimize for debugging, but then each frame leads to the one before. */
static inline void caller_note(void *const *frame)
{
    while (!caller_is_program(frame[1]))
        frame = *frame;
    caller_noted = frame[1];
}
#endif

#endif
