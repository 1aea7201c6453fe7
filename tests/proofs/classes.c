/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The size classes of a started allocator, whose objects this program is linked with, under the settings in
 * force.
 *
 * - classes print: one line for each, for multiply.py: its number, stride, reciprocal, usable bytes and span
 * - classes check: every size leads to the smallest class that it and its canary fit, by the table and by
 * what malloc() then does; every alignment to a slot that has it
 * - classes shapes: what the fast path does to slots without loops reaches each byte of every class's slots,
 * and none beyond; each byte of every canary that it writes is verified
 */
#include "fast.h"
#include "slot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "start.h"

static size_t wrong;

static void expect(bool truth, const char *what, size_t size, unsigned class)
{
    if (truth)
        return;
    if (wrong++ < 10)
        printf("%s: size %zu, class %u\n", what, size, class);
}

static void print(void)
{
    printf("zone %u\n", constants.zone_shift);
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        const struct size_class *class = &constants.classes[c];
        printf("class %u %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu64 "\n", c, class->stride,
               class->reciprocal, class->usable, slot_span(class));
    }
}

static unsigned in_force(void)
{
    return constants.features & (FEATURES_COMPILED | CHECKS_ALL);
}

/* Bytes of canary that a block in the class cannot do without. */
static size_t least_slack(unsigned c)
{
    return c >= CLASS_FIRST_PAGED ? constants.slack_minimum_paged : constants.slack_minimum;
}

static bool fits(size_t size, unsigned c)
{
    return size + least_slack(c) <= constants.classes[c].usable;
}

static void check_table(void)
{
    for (size_t size = 1; size <= 2 * SMALL_LIMIT; size++) {
        unsigned c = generic_class(size, in_force());
        if (c == CLASS_COUNT) {
            expect(!fits(size, CLASS_GUARDED - 1), "a large block that fits a slot", size, c);
            continue;
        }
        expect(c >= CLASS_FIRST && c < CLASS_GUARDED, "no class at all", size, c);
        expect(fits(size, c), "too small a class", size, c);
        expect(c == CLASS_FIRST || c == CLASS_FIRST_PAGED || !fits(size, c - 1), "not the smallest class",
               size, c);
        /* Slots of pages are for what fits no other, unless freed pages are to be protected. */
        expect(c < CLASS_FIRST_PAGED || in_force() & PROTECT_FREED || !fits(size, CLASS_FIRST_PAGED - 1),
               "not the smallest class", size, c);
        expect(constants.classes[c].usable - size <= SLACK_MAX, "a slack that the state word cannot hold",
               size, c);
    }
}

static void check_order(void)
{
    for (unsigned c = CLASS_FIRST + 1; c < CLASS_GUARDED; c++)
        expect(c == CLASS_FIRST_PAGED || class_usable[c] > class_usable[c - 1], "classes are not in order",
               class_usable[c], c);
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        const struct size_class *class = &constants.classes[c];
        const char *last = class->base + (slot_span(class) - 1);
        expect(class->usable <= class->stride, "slots that overlap", class->usable, c);
        expect(class_of_address(class->base) == c && class_of_address(last) == c,
               "a range beyond its class's", 0, c);
        expect(class->stride % MALLOC_ALIGNMENT == 0, "a stride that is not aligned", (size_t) class->stride,
               c);
        expect(((uint64_t) class->stride << constants.extent_shift[c]) % constants.page_size == 0,
               "extents that are not whole pages", (size_t) class->stride, c);
    }
}

/* What malloc() and aligned_alloc() do is what the table says, or a block of the sample with pages of their
 * own. */
static void check_block(void *block, size_t alignment, size_t size)
{
    size_t c = class_of_address(block);
    expect(block != NULL, "no memory", size, 0);
    expect(((uintptr_t)block & (alignment - 1)) == 0, "not aligned", size, (unsigned)c);
    if (c >= CLASS_FIRST && c < CLASS_GUARDED) {
        uint64_t offset = (uint64_t)((char *)block - constants.classes[c].base);
        expect(offset % constants.classes[c].stride == 0, "not the start of a slot", size, (unsigned)c);
        expect(fits(size, (unsigned)c), "a slot too small", size, (unsigned)c);
        if (alignment <= MALLOC_ALIGNMENT)
            expect(c == generic_class(size, in_force()), "not the table's class", size, (unsigned)c);
    }
    free(block);
}

static void check_blocks(void)
{
    for (size_t size = 1; size <= SMALL_LIMIT + 100; size++)
        check_block(malloc(size), MALLOC_ALIGNMENT, size);
    for (size_t alignment = 32; alignment <= constants.page_size; alignment *= 2)
        for (unsigned c = CLASS_FIRST; c < CLASS_GUARDED; c++)
            for (size_t size = class_usable[c] - 20; size <= class_usable[c] + 1; size++)
                check_block(aligned_alloc(alignment, size), alignment, size);
}

/* --- shapes */

enum {
    AROUND = 64, /* bytes before and behind the slot */
    CLEAN = 0x11
};

static char around[AROUND + UNPAGED_LIMIT + AROUND];
static char *const slot = around + AROUND;

static ALWAYS_INLINE void check_cover(const struct size_class *class, enum shape shape)
{
    unsigned c = class_index(class);
    vec value = vec_repeat(UINT64_C(0x9595959595959595));
    memset(around, CLEAN, sizeof around);
    whole_fill(slot, whole_of(class, shape), shape, 0, value);
    for (size_t i = 0; i < sizeof around; i++) {
        bool inside = i - AROUND < class->usable;
        expect((unsigned char)around[i] == (inside ? 0x95 : CLEAN),
               "a byte that filling missed or should have", i - AROUND, c);
    }
    expect(!whole_differs(slot, whole_of(class, shape), shape, value), "a filled slot that differs", 0, c);
    for (size_t i = 0; i < class->usable; i++) {
        slot[i] ^= 1;
        expect(whole_differs(slot, whole_of(class, shape), shape, value), "a changed byte that is not seen",
               i, c);
        slot[i] ^= 1;
    }
}

static ALWAYS_INLINE void check_canary(const struct size_class *class, enum shape shape, size_t slack)
{
    unsigned c = class_index(class);
    size_t usable = class->usable;
    memset(around, CLEAN, sizeof around);
    whole_fill(slot, whole_of(class, shape), shape, fast_canary_vectors(shape), vec_repeat(0));
    fast_write_canary(slot, usable, slack, KIND_NEW, shape);
    for (size_t i = 0; i < sizeof around; i++) {
        size_t at = i - AROUND;
        bool canary = at - (usable - slack) < slack, hole = at == usable - slack + 1;
        expect(at >= usable ? around[i] == CLEAN : (around[i] != 0) == (canary && !hole),
               "a byte that is canary, or should be", at, c);
    }
    expect(canary_intact_long(slot, usable, slack, KIND_NEW), "a canary that others find damaged", slack, c);
    expect(fast_canary_intact(slot, usable, slack, KIND_NEW, shape), "a canary found damaged", slack, c);
    expect(!fast_canary_intact(slot, usable, slack, KIND_MALLOC, shape), "a canary of two kinds", slack, c);
    memset(slot, 0x77, usable - slack);
    expect(fast_canary_intact(slot, usable, slack, KIND_NEW, shape), "a canary that reaches into the block",
           slack, c);
    for (size_t i = usable - slack; i < usable; i++) {
        slot[i] ^= 1;
        expect(!fast_canary_intact(slot, usable, slack, KIND_NEW, shape), "a damaged byte that is not seen",
               i, c);
        slot[i] ^= 1;
    }
}

static ALWAYS_INLINE void check_shape(enum shape shape)
{
    unsigned end = shape_first_class(shape) + shape_span(shape);
    for (unsigned c = shape_first_class(shape); c < end; c++) {
        const struct size_class *class = &constants.classes[c];
        expect(class->usable <= shape_usable(shape), "too large for its shape", class->usable, c);
        expect(c + 1 < end || class->usable == shape_usable(shape), "not the largest of its shape",
               class->usable, c);
        check_cover(class, shape);
        if (shape == SHAPE_LONG)
            continue;
        size_t step = c == CLASS_FIRST ? class->usable : class->usable - class_usable[c - 1];
        expect(fast_most_slack(class, shape) >= min_size(step + CANARY_MINIMUM - 1, class->usable),
               "a canary longer than the fast path knows", step, c);
        for (size_t slack = CANARY_MINIMUM; slack <= min_size(fast_most_slack(class, shape), class->usable);
             slack++)
            check_canary(class, shape, slack);
    }
}

static void check_shapes(void)
{
    check_shape(SHAPE_SMALL);
    check_shape(SHAPE_MEDIUM);
    check_shape(SHAPE_WIDE);
    check_shape(SHAPE_BROAD);
    check_shape(SHAPE_LONG);
    expect(shape_first_class(SHAPE_LONG) + shape_span(SHAPE_LONG) == CLASS_FIRST_PAGED,
           "a class without a shape", 0, CLASS_FIRST_PAGED);
}

int main(int argc, char **argv)
{
    if (!start_process())
        return 2;
    if (argc > 1 && strcmp(argv[1], "print") == 0) {
        print();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "shapes") == 0) {
        check_shapes();
    } else {
        check_order();
        check_table();
        check_blocks();
    }
    printf("%zu wrong\n", wrong);
    return wrong == 0 ? 0 : 1;
}
