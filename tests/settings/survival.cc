/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * survival MISUSE: makes the same mistake many times and carries on, as programs do with on-error = log.
 * Prints "sound" if all that is allocated after it is: nothing that was damaged is handed out again, blocks
 * do not overlap, they keep what is written to them, and calloc's are zero. Without an argument: the misuses,
 * each with the kind of its report.
 */
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include <malloc.h>
#include <sys/mman.h>

#include "opaque.h"

extern "C" void free_sized(void *block, size_t size);
#pragma weak free_sized

#define TIMES 40
#define SMALL 40
#define LARGE 300001

static char *damaged[TIMES]; /* must never be seen again */
static char outside[64];

static char *block_of(size_t size)
{
    char *block = static_cast<char *>(malloc(size));
    memset(block, 'b', size);
    return block;
}

static void give_up(const char *what)
{
    printf("%s\n", what);
    exit(1);
}

/* --- misuses, number i */

static void overflow_then(int i, size_t size, void (*then)(char *block))
{
    damaged[i] = block_of(size);
    damaged[i][size] = 'x';
    then(damaged[i]);
}

static void resize(char *block, size_t size)
{
    char first = block[0];
    char *moved = static_cast<char *>(realloc(block, size));
    if (!moved || moved[0] != first)
        give_up("realloc did not keep the contents");
    free(moved);
}

static void free_it(char *block)
{
    free(block);
}

static void overflow_free(int i)
{
    overflow_then(i, SMALL, free_it);
}

static void overflow_realloc_grow(int i)
{
    overflow_then(i, SMALL, [](char *block) { resize(block, 1000); });
}

static void overflow_realloc_shrink(int i)
{
    overflow_then(i, SMALL, [](char *block) { resize(block, SMALL / 2); });
}

static void overflow_delete(int i)
{
    damaged[i] = static_cast<char *>(::operator new(SMALL));
    damaged[i][SMALL] = 'x';
    ::operator delete(damaged[i], static_cast<size_t>(SMALL));
}

static void overflow_large_free(int i)
{
    overflow_then(i, LARGE, free_it);
}

static void overflow_large_realloc_grow(int i)
{
    overflow_then(i, LARGE, [](char *block) { resize(block, 2 * LARGE); });
}

static void overflow_large_realloc_shrink(int i)
{
    overflow_then(i, LARGE, [](char *block) { resize(block, LARGE / 2); });
}

static void underflow_large(int i)
{
    damaged[i] = block_of(LARGE);
    damaged[i][-1] = 'x';
    free(damaged[i]);
}

static void double_free(int)
{
    char *block = block_of(SMALL);
    free(block);
    free(block);
}

static void double_free_large(int)
{
    char *block = block_of(LARGE);
    free(block);
    free(block);
}

static void double_free_of_nothing(int)
{
    void *block = malloc(0);
    free(block);
    free(block);
}

static void free_of_damaged(int i)
{
    overflow_free(i);
    free(damaged[i]);
}

static void free_inside(int)
{
    char *block = block_of(SMALL);
    free(block + 16);
    free(block);
}

static void free_inside_large(int)
{
    char *block = block_of(LARGE);
    free(block + 4096);
    free(block);
}

static void free_outside(int)
{
    free(outside + 16);
}

static void free_on_stack(int)
{
    char array[64];
    void *volatile pointer = array;
    free(pointer);
}

static void free_wild(int i)
{
    free(reinterpret_cast<void *>(static_cast<uintptr_t>(i) * 4096 + 0x1234560));
}

static void realloc_outside(int)
{
    errno = 0;
    if (realloc(outside + 16, 100) || errno != ENOMEM)
        give_up("realloc of no block did not fail");
}

static void realloc_freed(int)
{
    char *block = block_of(SMALL);
    free(block);
    if (realloc(block, 100))
        give_up("realloc of a freed block did not fail");
}

static void usable_size_outside(int)
{
    if (malloc_usable_size(outside + 16) != 0)
        give_up("there is a usable size of no block");
}

static void write_after_free(int i)
{
    damaged[i] = block_of(SMALL);
    free(damaged[i]);
    damaged[i][5] = 'x';
}

static void delete_wrong_size(int)
{
    ::operator delete(::operator new(SMALL), static_cast<size_t>(SMALL + 8));
}

static void free_wrong_size(int)
{
    free_sized(malloc(SMALL), SMALL + 8);
}

static void free_of_new(int)
{
    free(::operator new(SMALL));
}

static void delete_of_array(int)
{
    ::operator delete(opaque(::operator new[](LARGE)));
}

static const struct {
    const char *name, *kind;
    void (*make)(int i);
} misuses[] = {
    {"overflow_free", "heap-buffer-overflow", overflow_free},
    {"overflow_realloc_grow", "heap-buffer-overflow", overflow_realloc_grow},
    {"overflow_realloc_shrink", "heap-buffer-overflow", overflow_realloc_shrink},
    {"overflow_delete", "heap-buffer-overflow", overflow_delete},
    {"overflow_large_free", "heap-buffer-overflow", overflow_large_free},
    {"overflow_large_realloc_grow", "heap-buffer-overflow", overflow_large_realloc_grow},
    {"overflow_large_realloc_shrink", "heap-buffer-overflow", overflow_large_realloc_shrink},
    {"underflow_large", "heap-buffer-underflow", underflow_large},
    {"double_free", "double-free", double_free},
    {"double_free_large", "double-free", double_free_large},
    {"double_free_of_nothing", "double-free", double_free_of_nothing},
    {"free_of_damaged", "bad-free", free_of_damaged},
    {"free_inside", "bad-free", free_inside},
    {"free_inside_large", "bad-free", free_inside_large},
    {"free_outside", "bad-free", free_outside},
    {"free_on_stack", "bad-free", free_on_stack},
    {"free_wild", "bad-free", free_wild},
    {"realloc_outside", "bad-free", realloc_outside},
    {"realloc_freed", "double-free", realloc_freed},
    {"usable_size_outside", "bad-free", usable_size_outside},
    {"write_after_free", "write-after-free", write_after_free},
    {"delete_wrong_size", "new-delete-type-mismatch", delete_wrong_size},
    {"free_wrong_size", "new-delete-type-mismatch", free_wrong_size},
    {"free_of_new", "new-delete-type-mismatch", free_of_new},
    {"delete_of_array", "new-delete-type-mismatch", delete_of_array},
};

/* --- what comes after */

#define LATER 3000

static size_t later_size(int i)
{
    static const size_t sizes[] = {SMALL, SMALL, SMALL, 1000, SMALL / 2, 24, 5000, 100};
    return i % 50 == 0 ? LARGE : sizes[i % 8];
}

static void look_at(const char *block, size_t size)
{
    for (const char *each : damaged)
        if (each && block <= each && each < block + (size ? size : 1))
            give_up("damaged memory was handed out again");
}

static void verify(const char *block, size_t size, char expected)
{
    for (size_t at = 0; at < size; at++)
        if (block[at] != expected)
            give_up("a block does not hold what was written to it");
}

/* Twice, so that what the first round freed is used again. */
static void use_heap()
{
    static char *blocks[LATER];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < LATER; i++) {
            size_t size = later_size(i);
            blocks[i] = static_cast<char *>(i % 3 ? malloc(size) : calloc(size, 1));
            if (!blocks[i])
                give_up("no memory");
            look_at(blocks[i], size);
            if (i % 3 == 0)
                verify(blocks[i], size, '\0');
            memset(blocks[i], i % 127, size);
        }
        for (int i = 0; i < LATER; i++) {
            verify(blocks[i], later_size(i), static_cast<char>(i % 127));
            free(blocks[i]);
        }
    }
}

int main(int argc, char **argv)
{
    for (const auto &misuse : misuses) {
        if (argc == 1)
            printf("%s %s\n", misuse.name, misuse.kind);
        if (argc != 2 || strcmp(argv[1], misuse.name) != 0)
            continue;
        for (int i = 0; i < TIMES; i++)
            misuse.make(i);
        use_heap();
        puts("sound");
    }
    return 0;
}
