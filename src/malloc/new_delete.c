/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "new_delete.h"

#include <string.h>

#include "canary.h"
#include "generic.h"
#include "large.h"
#include "report.h"

static bool is_in_force(void)
{
    return (constants.features & CHECK_NEW_DELETE) && (constants.features & COMPATMALLOC_CANARIES);
}

/* Within the secret bits of a canary byte (canary.h), so that a marked canary is as hard to guess. */
static uint8_t pattern(enum allocation_kind kind)
{
    return (uint8_t)kind;
}

/* Marking twice takes the mark off. A canary's final zero stays. */
static void toggle(char *slot, size_t usable, size_t slack, enum allocation_kind kind)
{
    for (size_t i = usable - slack; i < usable - (slack > 1); i++)
        slot[i] = (char)(slot[i] ^ pattern(kind));
}

static bool is_of_kind(const char *slot, size_t usable, size_t slack, enum allocation_kind kind)
{
    return slack != 0 && canary_intact_as(slot, usable, slack, pattern(kind));
}

/* KIND_MALLOC if it is not marked, be it whole or not. */
static enum allocation_kind marked_kind(const char *slot, size_t usable, size_t slack)
{
    if (is_of_kind(slot, usable, slack, KIND_NEW))
        return KIND_NEW;
    return is_of_kind(slot, usable, slack, KIND_NEW_ARRAY) ? KIND_NEW_ARRAY : KIND_MALLOC;
}

/* The end of a live block: where its canary is. */
struct place {
    char *slot;
    size_t usable, slack;
};

static bool find_place(void *block, struct place *place)
{
    struct found found = generic_find(block);
    if (!found.word) {
        place->slot = block;
        return class_of_address(block) >= CLASS_COUNT && large_room(block, &place->usable, &place->slack);
    }
    state_word state = state_load(found.word);
    *place = (struct place){block, constants.classes[found.class].usable, state_slack(state)};
    return state_is_live(state) && found.class != CLASS_ZERO && place->slack <= place->usable;
}

static void report_mismatch(const struct place *place, enum allocation_kind made, const char *operation)
{
    static const char *const details[] = {
        [KIND_MALLOC] = "it came from malloc or one of its relatives, and goes to free",
        [KIND_NEW] = "it came from operator new, and goes to operator delete",
        [KIND_NEW_ARRAY] = "it came from operator new[], and goes to operator delete[]"};
    report(&(struct report){.kind = REPORT_NEW_DELETE_TYPE_MISMATCH,
                            .operation = operation,
                            .address = place->slot,
                            .requested_size = place->usable - place->slack,
                            .slot_size = place->usable,
                            .offset = REPORT_UNKNOWN,
                            .detail = details[made]});
}

void new_delete_mark(void *block, enum allocation_kind kind)
{
    struct place place;
    if (is_in_force() && find_place(block, &place))
        toggle(place.slot, place.usable, place.slack, kind);
}

void new_delete_unmark(void *block, enum allocation_kind kind)
{
    struct place place;
    if (!is_in_force() || !find_place(block, &place) || place.slack == 0)
        return;
    if (is_of_kind(place.slot, place.usable, place.slack, kind)) {
        toggle(place.slot, place.usable, place.slack, kind);
        return;
    }
    enum allocation_kind made = marked_kind(place.slot, place.usable, place.slack);
    if (made == KIND_MALLOC && !canary_intact_long(place.slot, place.usable, place.slack))
        return;
    report_mismatch(&place, made, kind == KIND_NEW ? "operator delete" : "operator delete[]");
    toggle(place.slot, place.usable, place.slack, made);
}

bool new_delete_is_marked(const char *slot, size_t usable, size_t slack)
{
    return is_in_force() && marked_kind(slot, usable, slack) != KIND_MALLOC;
}

bool new_delete_settle(char *slot, size_t usable, size_t slack, const char *operation)
{
    struct place place = {slot, usable, slack};
    if (!is_in_force())
        return false;
    enum allocation_kind made = marked_kind(slot, usable, slack);
    if (made == KIND_MALLOC)
        return false;
    report_mismatch(&place, made, operation);
    toggle(slot, usable, slack, made);
    return true;
}
