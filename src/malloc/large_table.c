/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "large_table.h"

#include "metadata.h"
#include "turn.h"

/*
 * Levels of open addressing, each twice as large as the one before; entries never move. A block is in one of
 * the WINDOW places from its home on, in any level.
 */
#define LEVEL_FIRST ((size_t)256)
#define LEVELS      24u
#define WINDOW      16u

#define REMEMBERED 2048u

/* Keys that name no block. */
#define EMPTY    ((uintptr_t)0) /* never used, so nothing with that home is behind it */
#define REMOVED  ((uintptr_t)4)
#define RESERVED ((uintptr_t)5) /* its record is being written */

#define STATE_BITS (LARGE_ALIGNMENT - 1)

/* Each level is its keys, and behind them its records. */
static _Atomic(char *) levels[LEVELS];
static _Atomic(uint32_t) level_count;
static struct turn turn; /* to add one */

SELDOM static _Atomic(const char *) remembered[REMEMBERED];
static _Atomic(uint32_t) remembered_at;

static size_t level_size(uint32_t level)
{
    return LEVEL_FIRST << level;
}

static uintptr_t key_of(const char *block, enum large_state state)
{
    return (uintptr_t)block | state;
}

/* --- records: copied a word at a time, because others may look at any time */

#define RECORD_WORDS (sizeof(struct large) / sizeof(uint64_t))
_Static_assert(sizeof(struct large) % sizeof(uint64_t) == 0, "a record is whole words");

typedef uint64_t __attribute__((may_alias)) record_word;

static void record_read(const struct large *record, struct large *copy)
{
    const record_word *from = (const record_word *)record;
    record_word *to = (record_word *)copy;
    for (size_t i = 0; i < RECORD_WORDS; i++)
        to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

static void record_write(struct large *record, const struct large *copy)
{
    const record_word *from = (const record_word *)copy;
    record_word *to = (record_word *)record;
    for (size_t i = 0; i < RECORD_WORDS; i++)
        __atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
}

/* --- entries */

struct entry {
    uint32_t level;
    size_t place;
};

/* Whoever has seen that there is such a level sees what it points to. */
static char *level_start(uint32_t level)
{
    return atomic_load_explicit(&levels[level], memory_order_relaxed);
}

static _Atomic(uintptr_t) *entry_key(struct entry entry)
{
    _Atomic(uintptr_t) *keys = (void *)level_start(entry.level);
    return &keys[entry.place];
}

static struct large *entry_record(struct entry entry)
{
    size_t keys = level_size(entry.level) * sizeof(_Atomic(uintptr_t));
    struct large *records = (void *)(level_start(entry.level) + keys);
    return &records[entry.place];
}

static struct entry entry_of(const struct large *large)
{
    return (struct entry){large->level, large->place};
}

static struct entry entry_near_home(const char *block, uint32_t level, size_t step)
{
    uint64_t mixed = (uintptr_t)block / LARGE_ALIGNMENT * UINT64_C(0x9e3779b97f4a7c15);
    return (struct entry){level, (size_t)((mixed >> 32) + step) & (level_size(level) - 1)};
}

static uint32_t count_levels(void)
{
    return atomic_load_explicit(&level_count, memory_order_acquire);
}

/* The entry with that key, for any pointer. Newest level first: it holds the most. */
static bool find(const char *block, enum large_state state, struct entry *entry)
{
    uintptr_t wanted = key_of(block, state);
    if (!block || (uintptr_t)block & STATE_BITS)
        return false;
    for (uint32_t level = count_levels(); level-- != 0;) {
        for (size_t step = 0; step < WINDOW; step++) {
            *entry = entry_near_home(block, level, step);
            uintptr_t key = atomic_load_explicit(entry_key(*entry), memory_order_acquire);
            if (key == wanted)
                return true;
            if (key == EMPTY)
                break;
        }
    }
    return false;
}

static bool reserve_in(uint32_t level, const char *block, struct entry *entry)
{
    for (size_t step = 0; step < WINDOW; step++) {
        *entry = entry_near_home(block, level, step);
        uintptr_t key = atomic_load_explicit(entry_key(*entry), memory_order_relaxed);
        if ((key == EMPTY || key == REMOVED) &&
            atomic_compare_exchange_strong(entry_key(*entry), &key, RESERVED))
            return true;
    }
    return false;
}

/* The turn may be two threads' at a time (turn.h): the first one's level stays. */
static bool add_level(uint32_t count)
{
    turn_take(&turn);
    bool done = count_levels() != count; /* by another thread */
    if (!done && count < LEVELS) {
        size_t entry = sizeof(_Atomic(uintptr_t)) + sizeof(struct large);
        char *none = NULL, *level = metadata_allocate(level_size(count) * entry, LARGE_ALIGNMENT);
        done = level != NULL;
        if (done) {
            (void)atomic_compare_exchange_strong(&levels[count], &none, level);
            (void)atomic_compare_exchange_strong(&level_count, &count, count + 1);
        }
    }
    turn_give_back(&turn);
    return done;
}

static bool reserve(const char *block, struct entry *entry)
{
    uint32_t count;
    do {
        count = count_levels();
        for (uint32_t level = count; level-- != 0;)
            if (reserve_in(level, block, entry))
                return true;
    } while (add_level(count));
    return false;
}

/* --- what others see */

bool large_table_insert(struct large *large, enum large_state state)
{
    struct entry entry;
    if (!reserve(large->block, &entry))
        return false;
    large->level = (uint16_t)entry.level;
    large->place = entry.place;
    large_table_put_back(large, state);
    return true;
}

bool large_table_look(const char *block, enum large_state state, struct large *copy)
{
    struct entry entry;
    if (!find(block, state, &entry))
        return false;
    record_read(entry_record(entry), copy);
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(entry_key(entry), memory_order_relaxed) == key_of(block, state);
}

bool large_table_change(const char *block, enum large_state from, enum large_state to, struct large *copy)
{
    struct entry entry;
    uintptr_t key = key_of(block, from);
    if (!find(block, from, &entry) ||
        !atomic_compare_exchange_strong(entry_key(entry), &key, key_of(block, to)))
        return false;
    record_read(entry_record(entry), copy);
    return true;
}

void large_table_put_back(const struct large *large, enum large_state state)
{
    struct entry entry = entry_of(large);
    record_write(entry_record(entry), large);
    atomic_store_explicit(entry_key(entry), key_of(large->block, state), memory_order_release);
}

void large_table_remove(const struct large *large)
{
    atomic_store_explicit(entry_key(entry_of(large)), REMOVED, memory_order_release);
}

void large_table_remember(const char *block)
{
    uint32_t at = atomic_fetch_add_explicit(&remembered_at, 1, memory_order_relaxed) % REMEMBERED;
    atomic_store_explicit(&remembered[at], block, memory_order_relaxed);
}

bool large_table_remembers(const char *block)
{
    for (uint32_t i = 0; i < REMEMBERED; i++)
        if (atomic_load_explicit(&remembered[i], memory_order_relaxed) == block)
            return true;
    return false;
}

bool large_table_next(size_t *at, struct large *copy, enum large_state *state)
{
    uint32_t count = count_levels();
    size_t before = 0;
    for (uint32_t level = 0; level < count; before += level_size(level++))
        while (*at < before + level_size(level)) {
            struct entry entry = {level, (*at)++ - before};
            uintptr_t key = atomic_load_explicit(entry_key(entry), memory_order_acquire);
            *state = (enum large_state)(key & STATE_BITS);
            if (key > STATE_BITS && large_table_look((const char *)(key - *state), *state, copy))
                return true;
        }
    return false;
}
