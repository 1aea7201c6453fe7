/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The way into the allocator and out of it where memory has tags (tags.h): blocks get theirs when they leave,
 * and lose it when they come back. In between the paths of any other process do the work.
 */
#include <errno.h>

#include "caller.h"
#include "generic.h"
#include "paths.h"
#include "report.h"
#include "tags.h"

#define GRANULE ((size_t)16)

/* --- the instructions */

static ALWAYS_INLINE unsigned tag_of(const void *address)
{
    return (unsigned)(((uintptr_t)address & TAGS_MASK) >> TAGS_SHIFT);
}

/* The address with the tag that its memory has: 0 where memory has none. */
static ALWAYS_INLINE char *with_tag_of_memory(char *plain)
{
    char *tagged = plain;
    __asm__ volatile(".arch armv8.5-a+memtag\n\tldg %0, [%1]" : "+r"(tagged) : "r"(plain) : "memory");
    return tagged;
}

static ALWAYS_INLINE char *with_random_tag(char *plain, uint64_t excluded)
{
    char *tagged;
    __asm__(".arch armv8.5-a+memtag\n\tirg %0, %1, %2" : "=r"(tagged) : "r"(plain), "r"(excluded));
    return tagged;
}

/* Memory from there on gets the address's tag. */
static ALWAYS_INLINE void tag_memory(char *tagged, size_t bytes)
{
    for (char *end = tagged + bytes; tagged < end; tagged += GRANULE)
        __asm__ volatile(".arch armv8.5-a+memtag\n\tstg %0, [%0]" : : "r"(tagged) : "memory");
}

/* --- tags of slots */

#define EVEN_TAGS UINT64_C(0x5555)
#define ODD_TAGS  UINT64_C(0xaaaa)

static uint64_t tags_of_others(uint32_t slot)
{
    return slot % 2 == 0 ? ODD_TAGS : EVEN_TAGS;
}

static char *choose(char *plain, uint32_t slot, unsigned but)
{
    return with_random_tag(plain, tags_of_others(slot) | UINT64_C(1) << but | 1);
}

/* The tag that its last free gave it, or a new one: kernel and guard pages leave tag 0. */
static char *inherited(char *plain, uint32_t slot)
{
    char *tagged = with_tag_of_memory(plain);
    unsigned tag = tag_of(tagged);
    return tag == 0 || (tags_of_others(slot) >> tag & 1) != 0 ? choose(plain, slot, 0) : tagged;
}

static bool find(const void *plain, struct found *found)
{
    return generic_find(plain, CLASS_FIRST, CLASS_FIRST_PAGED - CLASS_FIRST, found);
}

/* Bytes that the program may use. */
static size_t bytes_of(const struct found *found, state_word state)
{
    size_t usable = found->class->usable;
    bool exact = constants.features & FEATURES_COMPILED & COMPATMALLOC_CANARIES;
    return exact ? usable - min_size(state_slack(state), usable) : usable;
}

/* The block has this tag, and what follows it in the slot has none. Where memory cannot have tags, because a
 * guard page was there once, nor can its address. */
static char *tag_block(char *tagged, const struct found *found)
{
    char *plain = tags_strip(tagged);
    size_t bytes = round_up(bytes_of(found, state_load(found->word)), GRANULE);
    tag_memory(tagged, bytes);
    tag_memory(plain + bytes, found->class->usable - bytes);
    if (likely(with_tag_of_memory(plain) == tagged))
        return tagged;
    tag_memory(plain, found->class->usable);
    return plain;
}

/* --- out */

static void *hand_out(void *plain)
{
    struct found found;
    return find(plain, &found) ? tag_block(inherited(plain, found.slot), &found) : plain;
}

/* --- in */

static COLD void report_stale(const void *plain, const struct found *found, const char *operation)
{
    report(&(struct report){.kind = REPORT_DOUBLE_FREE,
                            .operation = operation,
                            .address = plain,
                            .requested_size = REPORT_UNKNOWN,
                            .slot_size = found->class->usable,
                            .offset = REPORT_UNKNOWN,
                            .detail = "another block has its place by now, and keeps it"});
}

/* From here on no address that the program has fits. */
static void retag(void *block, const struct found *found)
{
    tag_memory(choose(tags_strip(block), found->slot, tag_of(block)), found->class->usable);
}

/*
 * A block that comes back, without its tag. What is none is handed on as well, for the paths to say so; but
 * not an address that was another block's in the same place: false then, and that has been said.
 */
static bool take_in(void *block, const char *operation, void **plain, struct found *found, bool *tagged)
{
    void *stripped = tags_strip(block);
    *tagged = false;
    *plain = class_of_address(stripped) < CLASS_COUNT ? stripped : block;
    if (!find(stripped, found) || !state_is_live(state_load(found->word)))
        return true;
    if (unlikely(with_tag_of_memory(stripped) != block)) {
        report_stale(stripped, found, operation);
        return false;
    }
    *tagged = block != stripped;
    return true;
}

/* The same for good. */
static bool take_away(void *block, const char *operation, void **plain)
{
    struct found found;
    bool tagged;
    if (!take_in(block, operation, plain, &found, &tagged))
        return false;
    if (tagged)
        retag(block, &found);
    return true;
}

/* --- the paths */

static void *tagged_malloc(size_t size)
{
    CALLER_NOTE();
    uint64_t before = tags_ignore();
    void *block = hand_out(constants.untagged.malloc(size));
    tags_restore(before);
    return block;
}

static void *tagged_calloc(size_t size)
{
    CALLER_NOTE();
    uint64_t before = tags_ignore();
    void *block = hand_out(constants.untagged.calloc(size));
    tags_restore(before);
    return block;
}

static void *tagged_aligned(size_t alignment, size_t size, enum allocation_kind kind)
{
    CALLER_NOTE();
    uint64_t before = tags_ignore();
    void *block = hand_out(constants.untagged.aligned(alignment, size, kind));
    tags_restore(before);
    return block;
}

static void *tagged_allocate(size_t size, enum allocation_kind kind)
{
    CALLER_NOTE();
    uint64_t before = tags_ignore();
    void *block = hand_out(constants.untagged.allocate(size, kind));
    tags_restore(before);
    return block;
}

static void tagged_release(void *block, const char *operation, enum allocation_kind kind)
{
    CALLER_NOTE();
    void *plain;
    uint64_t before = tags_ignore();
    if (take_away(block, operation, &plain))
        constants.untagged.release(plain, operation, kind);
    tags_restore(before);
}

static void tagged_free(void *block)
{
    CALLER_NOTE();
    if (block)
        tagged_release(block, "free", KIND_MALLOC);
}

static void tagged_release_sized(void *block, size_t alignment, size_t size, const char *operation,
                                 enum allocation_kind kind)
{
    CALLER_NOTE();
    void *plain;
    uint64_t before = tags_ignore();
    if (take_away(block, operation, &plain))
        constants.untagged.release_sized(plain, alignment, size, operation, kind);
    tags_restore(before);
}

/* A block that stays where it is keeps its tag: the program may go on with addresses that it has in it. */
static void *resize(void *block, size_t size)
{
    void *plain;
    struct found found;
    bool tagged;
    if (!take_in(block, "realloc", &plain, &found, &tagged)) {
        errno = ENOMEM;
        return NULL;
    }
    if (!tagged)
        return hand_out(constants.untagged.realloc(plain, size));
    /* As if it were freed: if it moves, the place may be somebody else's before the call returns. */
    retag(block, &found);
    void *result = constants.untagged.realloc(plain, size);
    if (result && result != plain)
        return hand_out(result);
    char *kept = tag_block(block, &found);
    return result ? kept : NULL;
}

static void *tagged_realloc(void *block, size_t size)
{
    CALLER_NOTE();
    uint64_t before = tags_ignore();
    void *resized = resize(block, size);
    tags_restore(before);
    return resized;
}

static size_t tagged_usable_size(void *block)
{
    CALLER_NOTE();
    void *plain;
    struct found found;
    bool tagged;
    uint64_t before = tags_ignore();
    bool sound = take_in(block, "malloc_usable_size", &plain, &found, &tagged);
    size_t size = sound ? constants.untagged.usable_size(plain) : 0;
    tags_restore(before);
    return size;
}

const struct dispatch paths_tagged = {
    .malloc = tagged_malloc,
    .calloc = tagged_calloc,
    .free = tagged_free,
    .realloc = tagged_realloc,
    .aligned = tagged_aligned,
    .usable_size = tagged_usable_size,
    .allocate = tagged_allocate,
    .release = tagged_release,
    .release_sized = tagged_release_sized,
};
