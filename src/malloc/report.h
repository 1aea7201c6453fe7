/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reports: what the operator sees when a program misuses its heap.
 *
 * One line on stderr first, `compatmalloc: <kind>: <what, with numbers>`, then details, in a single write;
 * the same event to the journal by its native protocol; then abort(). Nothing here allocates, symbolises, or
 * calls stdio.
 */
#ifndef REPORT_H
#define REPORT_H

#include "platform.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The terms are those that the sanitizers made standard. */
enum report_kind {
    REPORT_HEAP_BUFFER_OVERFLOW,
    REPORT_HEAP_BUFFER_UNDERFLOW,
    REPORT_DOUBLE_FREE,
    REPORT_BAD_FREE,
    REPORT_WRITE_AFTER_FREE,
    REPORT_NEW_DELETE_TYPE_MISMATCH,
    REPORT_METADATA_CORRUPTION,
    REPORT_OUT_OF_MEMORY,
    REPORT_HEAP_USE_AFTER_FREE, /* a read; writes are REPORT_WRITE_AFTER_FREE */
    REPORT_KINDS
};

/* Whether the bytes were found written, or are about to be written or read. */
enum report_access {
    REPORT_WRITTEN,
    REPORT_WRITE,
    REPORT_READ,
    REPORT_USE /* one of the two */
};

#define REPORT_UNKNOWN SIZE_MAX

/* What the journal knows these events by: `journalctl MESSAGE_ID=...`. Never changes. */
#define REPORT_MESSAGE_ID         "a2f2aa04ada943bd9799f93f77165b4f"
#define REPORT_SUMMARY_MESSAGE_ID "25a7b559e69b4b7eb1f82abff28830d5"

struct report {
    enum report_kind kind;
    const char *operation; /* the call that found it: "free", "realloc", "malloc", "check" */
    const void *address;   /* the block, or the pointer that was passed */
    size_t requested_size; /* bytes asked for, or REPORT_UNKNOWN */
    size_t slot_size;      /* bytes of the slot or mapping that holds it, or REPORT_UNKNOWN */
    size_t offset;         /* first damaged byte: past the end (overflow; 0 is the first byte that is not the
                              block's), before the start (underflow; 1 is the byte directly before), from the start
                              (write-after-free); where the pointer points in its block (bad-free); the wrong size
                              that was         passed (mismatch); REPORT_UNKNOWN */
    const unsigned char *bytes; /* the damaged bytes, readable; NULL if there are none to show */
    size_t byte_count;          /* how many; the report shows the first few */
    enum report_access access;
    const char *detail; /* a static phrase that says more: "not the start of a block"; NULL for none */
    const void *caller; /* return address into the program, or NULL: what is noted (caller.h) */
    bool faulted;       /* `caller` is just behind the first byte of the instruction that faulted */
};

/* How reports behave; part of the constants, so fixed at start. */
struct report_policy {
    bool carry_on; /* on-error = log */
    bool use_journal;
    struct report_tally *tally; /* what has been printed (report_limit.h); NULL: this process counts alone */
};

/* Report it. Does not return unless on-error = log. Preserves errno when it returns. Async-signal-safe. */
COLD void report(const struct report *report);

/* The same for what the process faulted on, and has not done yet: always returns. */
COLD void report_fault(const struct report *report);

/* A warning that is about the configuration, not the heap: one line `compatmalloc: <message>` on stderr. No
 * '\n'. */
COLD void report_warning(const char *message, size_t length);

/* Problems reported so far in this process. */
size_t report_count(void);

/* At exit: how many of which kind there were, if the process has carried on after any. */
COLD void report_summary(void);

/* "heap-buffer-overflow" and so on. */
const char *report_kind_name(enum report_kind kind);

#endif
