/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is in use. Nothing is counted on the hot paths: the state words say it all, and are walked when
 * somebody asks. The result is a snapshot while other threads go on.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "compatmalloc.h"
#include "heap.h"
#include "large.h"
#include "metadata.h"
#include "region.h"
#include "report.h"
#include "slot.h"
#include "start.h"
#include "system.h"

struct class_statistics {
    size_t live_blocks, live_bytes, free_slots;
};

static void count_class(unsigned c, struct class_statistics *statistics)
{
    const struct size_class *class = &constants.classes[c];
    uint32_t frontier = region_frontier(c);
    *statistics = (struct class_statistics){0};
    for (uint32_t slot = 0; slot < frontier && slot_exists_in(c, slot); slot++) {
        state_word state = state_load(slot_state(class, slot));
        if (state_is_live(state)) {
            statistics->live_blocks++;
            statistics->live_bytes += class->usable - state_slack(state);
        } else if (state_is_available(state)) {
            statistics->free_slots++;
        }
    }
}

static void collect(struct compatmalloc_statistics *all)
{
    *all = (struct compatmalloc_statistics){.struct_size = sizeof *all, .reports = report_count()};
    if (start_is_passthrough() || !start_process())
        return;
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        struct class_statistics one;
        count_class(c, &one);
        all->live_blocks += one.live_blocks;
        all->live_bytes += one.live_bytes;
        all->live_slot_bytes += one.live_blocks * constants.classes[c].stride;
        all->free_bytes += one.free_slots * constants.classes[c].usable;
        all->mapped_bytes += region_mapped(c);
    }
    struct large_statistics large;
    large_statistics(&large);
    all->live_blocks += large.blocks;
    all->live_bytes += large.bytes;
    all->live_slot_bytes += large.mapped;
    all->large_blocks = large.blocks;
    all->large_bytes = large.bytes;
    all->mapped_bytes += large.mapped + large.cached;
    all->cached_bytes = large.cached;
    all->metadata_bytes = metadata_mapped();
    all->heaps = heap_count();
}

EXPORT int compatmalloc_statistics_get(struct compatmalloc_statistics *statistics, size_t size)
{
    if (!statistics || size < sizeof statistics->struct_size) {
        errno = EINVAL;
        return -1;
    }
    struct compatmalloc_statistics all;
    collect(&all);
    memcpy(statistics, &all, min_size(size, sizeof all));
    return 0;
}

/*
 * mallinfo(3) in our terms: arena is address space mapped for slots, hblks and hblkhd the large blocks,
 * uordblks and fordblks bytes in live blocks that are not large and in free slots; there are no fastbins.
 */
EXPORT struct mallinfo2 mallinfo2(void)
{
    struct compatmalloc_statistics all;
    struct large_statistics large = {0};
    collect(&all);
    if (!start_is_passthrough())
        large_statistics(&large);
    return (struct mallinfo2){
        .arena = all.mapped_bytes - large.mapped - large.cached,
        .ordblks = all.live_blocks - all.large_blocks,
        .hblks = all.large_blocks,
        .hblkhd = large.mapped,
        .uordblks = all.live_bytes - all.large_bytes,
        .fordblks = all.free_bytes,
        .keepcost = all.cached_bytes,
    };
}

static int to_int(size_t value)
{
    return value > INT32_MAX ? INT32_MAX : (int)value;
}

/* mallinfo2() in ints, which stay at their largest value where glibc's would wrap round. */
EXPORT struct mallinfo mallinfo(void)
{
    struct mallinfo2 wide = mallinfo2();
    return (struct mallinfo){
        .arena = to_int(wide.arena),
        .ordblks = to_int(wide.ordblks),
        .hblks = to_int(wide.hblks),
        .hblkhd = to_int(wide.hblkhd),
        .uordblks = to_int(wide.uordblks),
        .fordblks = to_int(wide.fordblks),
        .keepcost = to_int(wide.keepcost),
    };
}

/* XML in the form of glibc's, one <heap> for all; options must be 0. malloc_info(3). */
EXPORT int malloc_info(int options, FILE *stream)
{
    if (options != 0) {
        errno = EINVAL;
        return -1;
    }
    struct compatmalloc_statistics all;
    collect(&all);
    fprintf(stream, "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n");
    for (unsigned c = CLASS_FIRST; c < CLASS_COUNT && !start_is_passthrough(); c++) {
        const struct size_class *class = &constants.classes[c];
        struct class_statistics one;
        count_class(c, &one);
        if (one.live_blocks + one.free_slots == 0)
            continue;
        fprintf(stream, "<size from=\"%" PRIu32 "\" to=\"%" PRIu32 "\" total=\"%zu\" count=\"%zu\"/>\n",
                class_usable[c - 1] + 1, class->usable, one.free_slots * class->usable, one.free_slots);
    }
    size_t small = all.mapped_bytes - all.cached_bytes;
    fprintf(stream,
            "</sizes>\n<total type=\"fast\" count=\"0\" size=\"0\"/>\n"
            "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n"
            "<system type=\"current\" size=\"%zu\"/>\n<system type=\"max\" size=\"%zu\"/>\n"
            "<aspace type=\"total\" size=\"%zu\"/>\n<aspace type=\"mprotect\" size=\"%zu\"/>\n</heap>\n",
            all.live_blocks, all.free_bytes, small, small, all.mapped_bytes, all.mapped_bytes);
    fprintf(
        stream,
        "<total type=\"fast\" count=\"0\" size=\"0\"/>\n<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n"
        "<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n"
        "<system type=\"current\" size=\"%zu\"/>\n<system type=\"max\" size=\"%zu\"/>\n"
        "<aspace type=\"total\" size=\"%zu\"/>\n<aspace type=\"mprotect\" size=\"%zu\"/>\n</malloc>\n",
        all.live_blocks, all.free_bytes, all.large_blocks, all.large_bytes, small, small, all.mapped_bytes,
        all.mapped_bytes);
    return ferror(stream) ? -1 : 0;
}

/* A summary on stderr, whole or not at all. malloc_stats(3). */
EXPORT void malloc_stats(void)
{
    struct compatmalloc_statistics all;
    char text[512];
    collect(&all);
    int length = snprintf(text, sizeof text,
                          "compatmalloc %s (%s)\n"
                          "system bytes     = %10zu\nin use bytes     = %10zu\n"
                          "live blocks      = %10zu\nlarge blocks     = %10zu\nlarge bytes      = %10zu\n"
                          "free bytes       = %10zu\nmetadata bytes   = %10zu\nheaps            = %10zu\n",
                          compatmalloc_version(), compatmalloc_features_string(), all.mapped_bytes,
                          all.live_bytes, all.live_blocks, all.large_blocks, all.large_bytes, all.free_bytes,
                          all.metadata_bytes, all.heaps);
    if (length > 0)
        (void)system_write(STDERR_FILENO, text, (size_t)length);
}

/*
 * glibc's tuning knobs tune nothing here; each is accepted, so that programs that set them go on. Returns 1,
 * or 0 for a parameter that is none. mallopt(3).
 */
EXPORT int mallopt(int parameter, int value)
{
    (void)value;
    switch (parameter) {
    case M_MXFAST:
    case M_NLBLKS:
    case M_GRAIN:
    case M_KEEP:
    case M_TRIM_THRESHOLD:
    case M_TOP_PAD:
    case M_MMAP_THRESHOLD:
    case M_MMAP_MAX:
    case M_CHECK_ACTION:
    case M_PERTURB:
    case M_ARENA_TEST:
    case M_ARENA_MAX:
        return 1;
    default:
        return 0;
    }
}
