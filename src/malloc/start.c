/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "start.h"

#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "canary.h"
#include "confined.h"
#include "constants.h"
#include "environment.h"
#include "fault_handler.h"
#include "fork.h"
#include "guard.h"
#include "heap.h"
#include "large_mapping.h"
#include "lock.h"
#include "map.h"
#include "metadata.h"
#include "operators.h"
#include "paths.h"
#include "random.h"
#include "report_limit.h"
#include "slot.h"
#include "system.h"
#include "tags.h"
#include "whole.h"

/* The extents of a class: about that many bytes each. Where memory is limited to less than so much they are
 * smaller: each thread that uses a class has a part of one for itself. Even smaller ones would make the table
 * of them, which is address space too, take more than they save. */
#define EXTENT_BYTES         MIB
#define EXTENT_BYTES_LIMITED (256 * KIB)
#define LIMITED              GIB
#define EXTENT_BYTES_SCARCE  (128 * KIB)
#define SCARCE               (128 * MIB)

#define METADATA_FIRST MIB /* the table of heaps, and the metadata of a small process */

/* One window of this size holds one guard page, so two neighbouring ones are less than twice that apart. */
#define GUARD_INTERVAL        (32 * KIB)
#define GUARD_INTERVAL_STRICT (8 * KIB)

/*
 * Bits of an address. The stack is at the top of the address space, so its address tells how large that is:
 * 47 bits on x86-64, 39, 42 or 48 on aarch64. Under ThreadSanitizer, which has most of it for itself, it is a
 * build's business.
 */
#ifndef ADDRESS_BITS
#define ADDRESS_BITS (64u - (unsigned)__builtin_clzll((uintptr_t)__builtin_frame_address(0)))
#endif

/* On x86-64 the address sanitizer has what is below for itself, in programs that are built with it. */
#define SANITIZED_END ((uintptr_t)0x10007fff8000)

struct place {
    uintptr_t base;
    unsigned shift;
    uintptr_t tables;
    uintptr_t metadata;
};

static unsigned log2_ceiling(size_t value)
{
    return value <= 1 ? 0 : 64u - (unsigned)__builtin_clzll(value - 1);
}

static size_t limit_of(__rlimit_resource_t resource)
{
    struct rlimit limit;
    bool limited = syscall(SYS_prlimit64, 0, resource, NULL, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return limited ? limit.rlim_cur : SIZE_MAX;
}

/* How much the process may have; SIZE_MAX where there is no limit. */
static size_t memory_limit(void)
{
    return min_size(limit_of(RLIMIT_AS), limit_of(RLIMIT_DATA));
}

/*
 * Where everything goes. The zone lies below where the kernel puts shared libraries and above where it puts
 * fixed executables; nothing is reserved, so it costs nothing to be generous.
 */
static struct place choose_place(struct random *random, size_t limit)
{
    struct place place;
    unsigned bits = ADDRESS_BITS;
    place.shift = bits >= 47 ? 35 : bits >= 42 ? bits - 9 : 31;

    /* Where address space is limited, so is the heap. */
    if (limit != SIZE_MAX) {
        unsigned enough = log2_ceiling(limit) + 1;
        place.shift = enough < 30 ? 30 : enough < place.shift ? enough : place.shift;
    }

    uintptr_t space = (uintptr_t)1 << (bits < 47 ? bits : 47);
    uintptr_t least = bits < 47 ? space / 32 : SANITIZED_END, most = space / 3;
    /* Where the stack has no limit, the kernel leaves it five sixths of all, and puts shared libraries, as we
     * are one, and mappings from there on downwards. What lies between is nobody's. */
    uintptr_t library = (uintptr_t)&constants;
    if (library > least && library < most) {
        least = library + space / 128;
        most = space / 2;
    }
    uintptr_t zone = (uintptr_t)CLASS_COUNT << place.shift;
    uintptr_t tables = CLASS_COUNT * slot_table_spacing(place.shift);
    uintptr_t gap = zone / 32; /* metadata goes somewhere into such a gap behind zone and tables */
    uintptr_t all = zone + tables + 2 * gap;
    uintptr_t room = most > least + all ? most - least - all : constants.page_size;
    place.base = least + round_down(random_word(random) % room, constants.page_size);
    place.tables = place.base + zone + round_down(random_word(random) % gap, constants.page_size);
    place.metadata =
        place.base + zone + tables + gap + round_down(random_word(random) % (gap / 2), constants.page_size);
    return place;
}

/* Extents are whole pages, so that a region can begin anew at any of them. */
static unsigned extent_shift(uint32_t stride, size_t limit)
{
    size_t bytes = limit < SCARCE    ? EXTENT_BYTES_SCARCE
                   : limit < LIMITED ? EXTENT_BYTES_LIMITED
                                     : EXTENT_BYTES;
    unsigned size = 63u - (unsigned)__builtin_clzll(max_size(bytes / stride, 1));
    unsigned page = log2_ceiling(constants.page_size);
    unsigned factor = (unsigned)__builtin_ctz(stride);
    unsigned whole = page > factor ? page - factor : 0;
    return size > whole ? size : whole;
}

static uint32_t stride_of(unsigned c)
{
    if (c == CLASS_ZERO)
        return MALLOC_ALIGNMENT;
    if (c < CLASS_FIRST_PAGED)
        return class_usable[c];
    size_t pages = round_up(class_usable[c], constants.page_size);
    return (uint32_t)(constants.features & COMPATMALLOC_GUARD_PAGES ? pages + constants.page_size : pages);
}

static void place_classes(struct random *random)
{
    uint64_t range = (uint64_t)1 << constants.zone_shift, most = range / class_usable[CLASS_FIRST];
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        struct size_class *class = &constants.classes[c];
        uint64_t skip = round_down(random_word(random) % (range / 4), constants.page_size);
        class->base = (char *)constants.zone_base + c * range + skip;
        class->slots = (uint32_t)min_size((range - skip) / class->stride, most);
    }
}

static void shape_classes(size_t limit)
{
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        struct size_class *class = &constants.classes[c];
        class->usable = class_usable[c];
        class->stride = stride_of(c);
        class->reciprocal = class_reciprocal(stride_of(c));
        unsigned shift = extent_shift(stride_of(c), limit);
        constants.extent_shift[c] = (uint8_t)shift;
        constants.run_shift[c] = (uint8_t)(shift < RUN_SLOTS_SHIFT ? shift : RUN_SLOTS_SHIFT);
        whole_cover(class);
    }
    class_tables_build(constants.class_of_small, constants.class_of_paged);
}

static void apply_settings(void)
{
    const struct settings *settings = &constants.settings;
    constants.features = settings->features & (FEATURES_COMPILED | CHECKS_ALL);
    constants.slack_minimum = constants.features & COMPATMALLOC_CANARIES ? CANARY_MINIMUM : 0;
    /* Where pages are larger than the classes' steps, slots do not end at their guard page. */
    bool ends_at_guard = constants.features & COMPATMALLOC_GUARD_PAGES && constants.page_size == 4096;
    constants.slack_minimum_paged = ends_at_guard ? 0 : constants.slack_minimum;
    constants.guard_interval =
        max_size(settings->profile == PROFILE_STRICT ? GUARD_INTERVAL_STRICT : GUARD_INTERVAL,
                 2 * constants.page_size);
    constants.reports.carry_on = settings->on_error == ON_ERROR_LOG;
    constants.reports.use_journal = settings->journal;
    constants.reports.tally = constants.reports.carry_on ? report_limit_share() : NULL;
}

static void choose_secrets(struct random *random)
{
    canary_start(&constants.canary, random);
    constants.poison = (random_word(random) | PATTERN_SET) & ~PATTERN_CLEAR;
    unsigned poisons = COMPATMALLOC_POISON_ON_FREE;
    if (!(constants.features & COMPATMALLOC_ZERO_ON_FREE))
        poisons |= COMPATMALLOC_WRITE_AFTER_FREE_CHECK; /* something known must be there to be verified */
    constants.fill = constants.features & poisons ? constants.poison : 0;
}

/* Half a heap cannot be trusted: once without memory then, always. */
static bool half_started;

static bool start_heap(void)
{
    struct random random = {0};
    choose_secrets(&random);
    size_t limit = memory_limit();
    shape_classes(limit);

    large_mapping_start(limit);
    struct place place = choose_place(&random, limit);
    constants.zone_shift = place.shift;
    size_t first = 2 * heap_layout() + METADATA_FIRST;
    while (!(constants.metadata = metadata_start(place.metadata, first))) {
        if (!metadata_was_occupied())
            return false;
        place = choose_place(&random, limit);
    }
    constants.zone_shift = place.shift;
    constants.zone_base = place.base;
    place_classes(&random);
    char *tables = metadata_allocate(slot_table_first_bytes(), METADATA_UNIT);
    if (!tables)
        return false;
    slot_table_start(&random, tables, place.tables);
    half_started = !heap_start();
    random_wipe(&random);
    return !half_started;
}

static bool start(void)
{
    if (half_started || mprotect(&constants, sizeof constants, PROT_READ | PROT_WRITE) != 0)
        return false;
    constants.page_size = getauxval(AT_PAGESZ);
    if (!is_power_of_two(constants.page_size))
        constants.page_size = PAGE_SIZE_MAX;
    constants.secure = getauxval(AT_SECURE) != 0;
    constants.operators = operators_are_ours();
    (void)environment_find_program(constants.program, sizeof constants.program);
    environment_read_settings(&constants.settings, constants.secure);
    apply_settings();
    constants.passthrough = constants.settings.profile == PROFILE_OFF;
    constants.notice = (struct notice){NOTICE_MAGIC, (uintptr_t)&constants.notice, constants.settings.profile,
                                       constants.settings.on_error};
    constants.tags = !constants.passthrough && constants.settings.memory_tags && tags_start();
    /* A thread that has gone on after a report has no tags any more; and strict means both. */
    constants.tags_replace =
        constants.tags && !constants.reports.carry_on && constants.settings.profile != PROFILE_STRICT;
    if (!constants.passthrough && !start_heap())
        return false;
    constants.untagged = *paths_for(&constants);
    constants.dispatch = *paths_around(&constants);
    __atomic_store_n(&constants.started, true, __ATOMIC_RELEASE);
    (void)mprotect(&constants, sizeof constants, PROT_READ);
    return true;
}

/* From here on nothing can make the constants writable or replace the code. */
static void seal(void)
{
    extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));
    const char *image = (const char *)&__ehdr_start;
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)(const void *)(image + __ehdr_start.e_phoff);
    for (unsigned i = 0; i < __ehdr_start.e_phnum; i++) {
        const ElfW(Phdr) *header = &headers[i];
        bool is_read_only = header->p_type == PT_LOAD && !(header->p_flags & PF_W);
        if (!is_read_only && header->p_type != PT_GNU_RELRO)
            continue;
        /* Whole mappings: a sealed part of one would become a mapping of its own. */
        uintptr_t from = round_down((uintptr_t)image + header->p_vaddr, constants.page_size);
        uintptr_t to = (uintptr_t)image + header->p_vaddr + header->p_memsz;
        to = is_read_only ? round_up(to, constants.page_size) : round_down(to, constants.page_size);
        map_seal((const void *)from, to - from);
    }
}

/*
 * A process starts with its first call, so that those which never allocate, as many small tools, pay nothing.
 * What cannot be done before constructors run, because libc and the dynamic linker are not ready for it, is
 * done by ours if the first call came before it.
 */
static __thread bool constructed;

/* Whether constructors run already. They do in the first thread, where it is written down; where the process
 * was not even started before there was a second one, they have run. */
static bool is_constructed(void)
{
    return constructed || system_gettid() != system_getpid();
}

static COLD void complete(void)
{
    static _Atomic(bool) done;
    if (!is_constructed() || atomic_exchange(&done, true))
        return;
    seal();
    if (constants.passthrough)
        return;
    fork_start();
    fault_handler_start();
}

/*
 * The dispatch table is read without any order, for each call would pay for it. That is sound because a
 * second thread comes from pthread_create(), which itself allocates its part of the thread-local storage
 * before.
 */
bool start_process(void)
{
    static struct lock lock;
    if (likely(__atomic_load_n(&constants.started, __ATOMIC_ACQUIRE)))
        return true;
    int saved = errno;
    lock_acquire(&lock);
    bool done = constants.started || start();
    lock_release(&lock);
    if (constants.started)
        complete();
    errno = saved;
    return done;
}

/* What is written here is on a page that every process writes anyway, as is that which it is on itself: in a
 * process that does nothing, pages are what the library costs. */
void start_at_load(void)
{
    constructed = true;
    if (constants.started)
        complete();
    /* Later it may be too late: the start asks for what a filter would not let through. */
    if (confined_later_perhaps() && start_process()) {
        guard_prepare();
        confined_note_stderr();
    }
}

bool start_is_passthrough(void)
{
    return start_process() && constants.passthrough;
}
