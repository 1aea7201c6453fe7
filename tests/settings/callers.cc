/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * callers FUNCTION: one misuse, found by a call that this function makes. Without an argument: the functions.
 */
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include <malloc.h>

extern "C" {
void cfree(void *block);
void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);
size_t compatmalloc_check_integrity(void);
}
#pragma weak cfree
#pragma weak free_sized
#pragma weak free_aligned_sized
#pragma weak compatmalloc_check_integrity

/* So that the call is not the function's last act, and its address is not that of what comes behind. */
#define THEN_MORE __asm__ volatile("" ::: "memory")

#define SIZE 40

static char *block, *copy;
static void *result;

/* The name of what is called, the call, and how the misuse is prepared. */
#define CALLS(X)                                                                                             \
    X(free, free(block), overflown)                                                                          \
    X(free_of_freed, free(block), freed)                                                                     \
    X(free_of_large, free(block), overflown_large)                                                           \
    X(cfree, cfree(block), overflown)                                                                        \
    X(free_sized, free_sized(block, SIZE + 1), sound)                                                        \
    X(free_aligned_sized, free_aligned_sized(block, 16, SIZE + 1), sound)                                    \
    X(realloc_growing, result = realloc(block, 500), overflown)                                              \
    X(realloc_of_freed, result = realloc(block, 500), freed)                                                 \
    X(realloc_to_zero, result = realloc(block, 0), overflown)                                                \
    X(realloc_of_large, result = realloc(block, 700000), overflown_large)                                    \
    X(reallocarray_growing, result = reallocarray(block, 100, 5), overflown)                                 \
    X(usable_size, result = block + malloc_usable_size(block), freed)                                        \
    X(malloc, result = malloc(SIZE), written_after_free)                                                     \
    X(calloc, result = calloc(SIZE, 1), written_after_free)                                                  \
    X(posix_memalign, (void)!posix_memalign(&result, 16, SIZE), written_after_free)                          \
    X(aligned_alloc, result = aligned_alloc(16, SIZE), written_after_free)                                   \
    X(memalign, result = memalign(16, SIZE), written_after_free)                                             \
    X(operator_new, result = ::operator new(SIZE), written_after_free)                                       \
    X(operator_new_array, result = ::operator new[](SIZE), written_after_free)                               \
    X(operator_new_nothrow, result = ::operator new(SIZE, std::nothrow), written_after_free)                 \
    X(operator_new_aligned, result = ::operator new(SIZE, std::align_val_t(16)), written_after_free)         \
    X(operator_delete, ::operator delete(block), overflown)                                                  \
    X(operator_delete_sized, ::operator delete(block, SIZE), overflown)                                      \
    X(operator_delete_array, ::operator delete[](block), overflown)                                          \
    X(operator_delete_aligned, ::operator delete(block, std::align_val_t(16)), overflown)                    \
    X(memcpy, result = memcpy(copy, block, SIZE + 1), sound)                                                 \
    X(memset, result = memset(block, 0, SIZE + 1), sound)                                                    \
    X(check_integrity, result = block + compatmalloc_check_integrity(), overflown)

/* Where the block comes from, and where it is freed first. */
extern "C" __attribute__((noinline)) char *allocate_here(size_t size);
extern "C" char *allocate_here(size_t size)
{
    char *volatile made = static_cast<char *>(malloc(size));
    return made;
}

extern "C" __attribute__((noinline)) void free_here();
extern "C" void free_here()
{
    free(block);
    THEN_MORE;
}

static void prepare_sound()
{
    block = allocate_here(SIZE);
    copy = static_cast<char *>(malloc(SIZE * 2));
    memset(copy, 'c', SIZE * 2);
}

static void prepare_overflown()
{
    prepare_sound();
    block[SIZE] = 'x';
}

static void prepare_overflown_large()
{
    block = allocate_here(300001);
    block[300001] = 'x';
}

static void prepare_freed()
{
    prepare_sound();
    free_here();
}

static void prepare_written_after_free()
{
    static char *blocks[1000];
    for (char *&each : blocks)
        each = static_cast<char *>(malloc(SIZE));
    for (char *each : blocks)
        free(each);
    for (char *each : blocks)
        each[SIZE / 2] = 'x'; /* not by memset, which would notice */
}

#define DEFINE(name, call, misuse)                                                                           \
    extern "C" __attribute__((noinline)) void from_##name();                                                 \
    extern "C" void from_##name()                                                                            \
    {                                                                                                        \
        call;                                                                                                \
        THEN_MORE;                                                                                           \
    }
CALLS(DEFINE)

static const struct {
    const char *name;
    void (*prepare)();
    void (*call)();
} calls[] = {
#define ENTER(name, call, misuse) {"from_" #name, prepare_##misuse, from_##name},
    CALLS(ENTER)};

int main(int argc, char **argv)
{
    if (argc == 1)
        for (const auto &each : calls)
            puts(each.name);
    for (const auto &each : calls)
        if (argc == 2 && strcmp(argv[1], each.name) == 0) {
            each.prepare();
            each.call();
        }
    return 0;
}
