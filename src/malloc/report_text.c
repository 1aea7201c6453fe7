/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report_text.h"

#include <stdbool.h>

#include "compatmalloc.h"

/* Damaged bytes that are shown. */
enum {
    BYTES_SHOWN = 16
};

static const char *const kind_names[REPORT_KINDS] = {
    [REPORT_HEAP_BUFFER_OVERFLOW] = "heap-buffer-overflow",
    [REPORT_HEAP_BUFFER_UNDERFLOW] = "heap-buffer-underflow",
    [REPORT_DOUBLE_FREE] = "double-free",
    [REPORT_BAD_FREE] = "bad-free",
    [REPORT_WRITE_AFTER_FREE] = "write-after-free",
    [REPORT_NEW_DELETE_TYPE_MISMATCH] = "new-delete-type-mismatch",
    [REPORT_METADATA_CORRUPTION] = "metadata-corruption",
    [REPORT_OUT_OF_MEMORY] = "out-of-memory",
    [REPORT_HEAP_USE_AFTER_FREE] = "heap-use-after-free",
};

const char *report_kind_name(enum report_kind kind)
{
    return kind_names[kind];
}

/* --- phrases ---------------------------------------------------------------------------------- */

/* "1 byte", "2 bytes" */
static void put_bytes(struct text *text, size_t count)
{
    text_decimal(text, count);
    text_string(text, count == 1 ? " byte" : " bytes");
}

/* Eight, eleven, eighteen, eighty: the numbers that English reads with a vowel first. */
static bool is_read_with_vowel(size_t number)
{
    size_t group = number;
    while (group >= 1000)
        group /= 1000;
    return group == 8 || group == 11 || group == 18 || (group >= 80 && group <= 89) ||
           (group >= 800 && group <= 899);
}

/* "a 24-byte block at 0x7f0000001000" */
static void put_block(struct text *text, const struct report *r)
{
    if (r->requested_size == REPORT_UNKNOWN) {
        text_string(text, "a block at ");
    } else {
        text_string(text, is_read_with_vowel(r->requested_size) ? "an " : "a ");
        text_decimal(text, r->requested_size);
        text_string(text, "-byte block at ");
    }
    text_hex(text, (uintptr_t)r->address);
}

/* "3 bytes written ", "3 bytes to be read " */
static void put_bytes_touched(struct text *text, const struct report *r)
{
    static const char *const deeds[] = {[REPORT_WRITTEN] = " written ",
                                        [REPORT_WRITE] = " to be written ",
                                        [REPORT_READ] = " to be read ",
                                        [REPORT_USE] = " to be read or written "};
    if (r->byte_count > 0)
        put_bytes(text, r->byte_count);
    else
        text_string(text, "something");
    text_string(text, deeds[r->access]);
}

/* "5 bytes past the end of "; what is no distance or an unknown one is left out. */
static void put_distance(struct text *text, size_t distance, size_t none, const char *direction)
{
    if (distance != none && distance != REPORT_UNKNOWN) {
        put_bytes(text, distance);
        text_string(text, " ");
    }
    text_string(text, direction);
}

/* --- what happened, by kind ------------------------------------------------------------------- */

static void put_overflow(struct text *text, const struct report *r)
{
    put_bytes_touched(text, r);
    put_distance(text, r->offset, 0, "past the end of ");
    put_block(text, r);
}

static void put_underflow(struct text *text, const struct report *r)
{
    put_bytes_touched(text, r);
    put_distance(text, r->offset, REPORT_UNKNOWN, "before the start of ");
    put_block(text, r);
}

static void put_double_free(struct text *text, const struct report *r)
{
    put_block(text, r);
    text_string(text, " was freed already");
}

static void put_bad_free(struct text *text, const struct report *r)
{
    text_hex(text, (uintptr_t)r->address);
    text_string(text, " is not a block that can be freed");
}

static void put_write_after_free(struct text *text, const struct report *r)
{
    put_bytes_touched(text, r);
    put_distance(text, r->offset, 0, "into ");
    put_block(text, r);
    text_string(text, " after it was freed");
}

static void put_use_after_free(struct text *text, const struct report *r)
{
    put_bytes_touched(text, r);
    put_distance(text, r->offset, 0, "from ");
    put_block(text, r);
    text_string(text, " after it was freed");
}

static void put_mismatch(struct text *text, const struct report *r)
{
    put_block(text, r);
    text_string(text, " was freed as one of ");
    if (r->offset == REPORT_UNKNOWN)
        text_string(text, "another kind");
    else
        put_bytes(text, r->offset);
}

static void put_corruption(struct text *text, const struct report *r)
{
    text_string(text, "the allocator's own record of ");
    put_block(text, r);
    text_string(text, " was changed");
}

static void put_out_of_memory(struct text *text, const struct report *r)
{
    if (r->requested_size == REPORT_UNKNOWN)
        text_string(text, "memory");
    else
        put_bytes(text, r->requested_size);
    text_string(text, " could not be had from the system");
}

static void (*const put_kind[REPORT_KINDS])(struct text *, const struct report *) = {
    [REPORT_HEAP_BUFFER_OVERFLOW] = put_overflow,
    [REPORT_HEAP_BUFFER_UNDERFLOW] = put_underflow,
    [REPORT_DOUBLE_FREE] = put_double_free,
    [REPORT_BAD_FREE] = put_bad_free,
    [REPORT_WRITE_AFTER_FREE] = put_write_after_free,
    [REPORT_NEW_DELETE_TYPE_MISMATCH] = put_mismatch,
    [REPORT_METADATA_CORRUPTION] = put_corruption,
    [REPORT_OUT_OF_MEMORY] = put_out_of_memory,
    [REPORT_HEAP_USE_AFTER_FREE] = put_use_after_free,
};

static void put_first_line(struct text *text, const struct report *r)
{
    text_string(text, "compatmalloc: ");
    text_string(text, report_kind_name(r->kind));
    text_string(text, ": ");
    put_kind[r->kind](text, r);
    if (r->detail) {
        text_string(text, ": ");
        text_string(text, r->detail);
    }
    if (r->operation) {
        text_string(text, " (found by ");
        text_string(text, r->operation);
        text_string(text, ")");
    }
    text_string(text, "\n");
}

/* --- details ---------------------------------------------------------------------------------- */

static void start_detail(struct text *text, const char *name)
{
    text_string(text, "compatmalloc:   ");
    text_string(text, name);
    text_string(text, ": ");
}

static void put_size_detail(struct text *text, const char *name, size_t size, const char *after)
{
    if (size == REPORT_UNKNOWN)
        return;
    start_detail(text, name);
    put_bytes(text, size);
    text_string(text, after);
    text_string(text, "\n");
}

static void put_offset_detail(struct text *text, const struct report *r)
{
    switch (r->kind) {
    case REPORT_HEAP_BUFFER_OVERFLOW:
        put_size_detail(text, "offset", r->offset, " past the end");
        break;
    case REPORT_HEAP_BUFFER_UNDERFLOW:
        put_size_detail(text, "offset", r->offset, " before the start");
        break;
    case REPORT_BAD_FREE:
    case REPORT_WRITE_AFTER_FREE:
    case REPORT_HEAP_USE_AFTER_FREE:
        put_size_detail(text, "offset", r->offset, " from the start");
        break;
    case REPORT_NEW_DELETE_TYPE_MISMATCH:
        put_size_detail(text, "size given when freeing", r->offset, "");
        break;
    default:
        break;
    }
}

static void put_bytes_detail(struct text *text, const struct report *r)
{
    if (!r->bytes || r->byte_count == 0)
        return;
    start_detail(text, "damaged bytes");
    text_hex_dump(text, r->bytes, r->byte_count < BYTES_SHOWN ? r->byte_count : BYTES_SHOWN);
    text_string(text, r->byte_count > BYTES_SHOWN ? " ...\n" : "\n");
}

static void put_text_detail(struct text *text, const char *name, const struct text *value)
{
    if (value->used == 0)
        return;
    start_detail(text, name);
    text_bytes(text, value->start, value->used);
    text_string(text, "\n");
}

void report_put_places(struct text *text, const struct report_circumstances *c)
{
    put_text_detail(text, c->report->faulted ? "instruction" : "called from", &c->call_site);
    put_text_detail(text, "allocated from", &c->allocated_from);
    put_text_detail(text, "freed from", &c->freed_from);
}

void report_put_lines(struct text *text, const struct report_circumstances *c)
{
    const struct report *r = c->report;
    put_first_line(text, r);
    put_size_detail(text, "requested size", r->requested_size, "");
    put_size_detail(text, "slot size", r->slot_size, "");
    put_offset_detail(text, r);
    put_bytes_detail(text, r);
    put_text_detail(text, "program", &c->program);
    start_detail(text, "process");
    text_decimal(text, c->pid);
    text_string(text, ", thread ");
    text_decimal(text, c->tid);
    text_string(text, "\n");
    report_put_places(text, c);
    start_detail(text, "version");
    text_string(text, COMPATMALLOC_VERSION_STRING "; compatmalloc(7) says what this means and what to do\n");
    if (c->unprinted > 0) {
        start_detail(text, "note");
        text_string(text, "reports of this kind since the last one that was printed: ");
        text_decimal(text, c->unprinted);
        text_string(text, "\n");
    }
    if (c->is_last_for_now) {
        start_detail(text, "note");
        text_string(text,
                    "further reports of this kind are counted, but not printed, except for one an hour\n");
    }
}

/* "compatmalloc: summary: 3 reports: 2 heap-buffer-overflow, 1 double-free" */
void report_put_summary(struct text *text, const struct report_summary *summary)
{
    size_t total = 0;
    for (unsigned i = 0; i < REPORT_KINDS; i++)
        total += summary->of_kind[i];
    text_string(text, "compatmalloc: summary: ");
    text_decimal(text, total);
    text_string(text, total == 1 ? " report of process " : " reports of process ");
    text_decimal(text, summary->pid);
    text_string(text, ", ");
    text_bytes(text, summary->program.start, summary->program.used);
    const char *before = ": ";
    for (unsigned i = 0; i < REPORT_KINDS; i++) {
        if (summary->of_kind[i] == 0)
            continue;
        text_string(text, before);
        text_decimal(text, summary->of_kind[i]);
        text_string(text, " ");
        text_string(text, kind_names[i]);
        before = ", ";
    }
    if (summary->unprinted > 0) {
        text_string(text, "; not printed: ");
        text_decimal(text, summary->unprinted);
    }
    text_string(text, "\n");
}

/* --- the journal ------------------------------------------------------------------------------ */

static void put_field(struct text *text, const char *name, const char *value)
{
    text_string(text, name);
    text_string(text, value);
    text_string(text, "\n");
}

static void put_size_field(struct text *text, const char *name, size_t size)
{
    if (size == REPORT_UNKNOWN)
        return;
    text_string(text, name);
    text_decimal(text, size);
    text_string(text, "\n");
}

static void put_text_field(struct text *text, const char *name, const struct text *value)
{
    if (value->used == 0)
        return;
    text_string(text, name);
    text_bytes(text, value->start, value->used);
    text_string(text, "\n");
}

static void put_bytes_field(struct text *text, const struct report *r)
{
    if (!r->bytes || r->byte_count == 0)
        return;
    text_string(text, "COMPATMALLOC_BYTES=");
    text_hex_dump(text, r->bytes, r->byte_count < BYTES_SHOWN ? r->byte_count : BYTES_SHOWN);
    text_string(text, "\n");
}

void report_put_journal_fields(struct text *text, const struct report_circumstances *c)
{
    const struct report *r = c->report;
    text_string(text, "MESSAGE=");
    put_first_line(text, r);
    put_field(text, "PRIORITY=", "2");
    put_field(text, "MESSAGE_ID=", REPORT_MESSAGE_ID);
    put_field(text, "SYSLOG_IDENTIFIER=", "compatmalloc");
    put_field(text, "COMPATMALLOC_KIND=", report_kind_name(r->kind));
    if (r->operation)
        put_field(text, "COMPATMALLOC_OPERATION=", r->operation);
    text_string(text, "COMPATMALLOC_ADDRESS=");
    text_hex(text, (uintptr_t)r->address);
    text_string(text, "\n");
    put_size_field(text, "COMPATMALLOC_SIZE=", r->requested_size);
    put_size_field(text, "COMPATMALLOC_SLOT_SIZE=", r->slot_size);
    put_size_field(text, "COMPATMALLOC_OFFSET=", r->offset);
    put_bytes_field(text, r);
    put_size_field(text, "COMPATMALLOC_PID=", c->pid);
    put_size_field(text, "COMPATMALLOC_TID=", c->tid);
    put_text_field(text, "COMPATMALLOC_CALLER=", &c->call_site);
    put_text_field(text, "COMPATMALLOC_ALLOCATED_FROM=", &c->allocated_from);
    put_text_field(text, "COMPATMALLOC_FREED_FROM=", &c->freed_from);
    put_text_field(text, "COMPATMALLOC_PROGRAM=", &c->program);
    put_text_field(text, "COMPATMALLOC_CGROUP=", &c->cgroup);
    put_field(text, "COMPATMALLOC_VERSION=", COMPATMALLOC_VERSION_STRING);
}

void report_put_summary_fields(struct text *text, const struct report_summary *summary)
{
    text_string(text, "MESSAGE=");
    report_put_summary(text, summary);
    put_field(text, "PRIORITY=", "4");
    put_field(text, "MESSAGE_ID=", REPORT_SUMMARY_MESSAGE_ID);
    put_field(text, "SYSLOG_IDENTIFIER=", "compatmalloc");
    put_size_field(text, "COMPATMALLOC_UNPRINTED=", summary->unprinted);
    put_text_field(text, "COMPATMALLOC_PROGRAM=", &summary->program);
    put_field(text, "COMPATMALLOC_VERSION=", COMPATMALLOC_VERSION_STRING);
}
