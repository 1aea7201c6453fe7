/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * tagged WHAT: something that memory tags find at once, or must not mind. Says "went on" if nothing stopped
 * it. Sizes are such that nothing else but tags would notice before the next line.
 */
#include "opaque.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SIZE      40 /* in a slot of 48, to its last granule */
#define FULL      24 /* in a slot of 32, to its last granule */
#define LARGEST   ((size_t)3 * 8208)
#define TAG_SHIFT 56

static volatile char sink;

static unsigned tag(const volatile void *address)
{
    return (unsigned)((uintptr_t)address >> TAG_SHIFT) & 15;
}

static const volatile char *place(const volatile char *address)
{
    return (const volatile char *)((uintptr_t)address & ~((uintptr_t)15 << TAG_SHIFT));
}

static volatile char *allocate(size_t size)
{
    volatile char *block = opaque(malloc(size));
    for (size_t i = 0; i < size; i++)
        block[i] = 'a';
    return block;
}

static void release(volatile char *block)
{
    free(opaque(block));
}

/* Until another block is where this one was. */
static volatile char *take_place_of(volatile char *freed, size_t size)
{
    for (unsigned i = 0; i < 1000000; i++) {
        volatile char *next = allocate(size);
        if (place(next) == place(freed))
            return next;
        release(next);
    }
    exit(2);
}

/* Two that lie side by side. */
static void neighbours(size_t size, volatile char **first, volatile char **second)
{
    enum {
        MOST = 4096
    };
    static volatile char *blocks[MOST];
    size_t slot = (size + 8 + 15) / 16 * 16;
    for (unsigned i = 0; i < MOST; i++)
        blocks[i] = allocate(size);
    for (unsigned i = 0; i < MOST; i++)
        for (unsigned j = 0; j < MOST; j++)
            if (place(blocks[i]) + slot == place(blocks[j])) {
                *first = blocks[i];
                *second = blocks[j];
                return;
            }
    exit(2);
}

static void count_tags(void)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < 2000; i++)
        seen |= 1u << tag(allocate(SIZE));
    /* 0 is for blocks that have a page of their own, in the strict profile. */
    if ((seen | 1) != 0xffff)
        exit(3);
}

/* Whatever becomes of a place, no owner has the tag of the one before. */
static void follow_one_place(void)
{
    volatile char *block = allocate(SIZE);
    while (tag(block) == 0)
        block = allocate(SIZE);
    for (unsigned i = 0; i < 50; i++) {
        release(block);
        volatile char *next = take_place_of(block, SIZE);
        if (tag(next) == tag(block))
            exit(3);
        block = next;
    }
}

static void resize(void)
{
    for (size_t size = 1; size < LARGEST; size += 37) {
        char *block = malloc(size);
        memset(block, 1, size);
        block = realloc(block, size + size / 8 + 1);
        memset(block, 2, size + size / 8 + 1);
        if (malloc_usable_size(block) < size + size / 8 + 1)
            exit(3);
        block = realloc(block, size / 2 + 1);
        memset(block, 3, size / 2 + 1);
        free(block);
    }
}

static void *work(void *argument)
{
    char *blocks[64] = {NULL};
    for (unsigned i = 0; i < 20000; i++) {
        size_t size = 1 + i * 7 % 9000;
        free(blocks[i % 64]);
        blocks[i % 64] = malloc(size);
        memset(blocks[i % 64], 1, size);
    }
    for (unsigned i = 0; i < 64; i++)
        free(blocks[i]);
    return argument;
}

/* Threads that were started later have their tags checked, too. */
static void *misuse_in_thread(void *argument)
{
    volatile char *block = allocate(SIZE);
    release(block);
    sink = block[0];
    return argument;
}

static void threads(void *(*function)(void *))
{
    pthread_t thread[4];
    for (unsigned i = 0; i < 4; i++)
        if (pthread_create(&thread[i], NULL, function, NULL) != 0)
            exit(2);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    volatile char *block = allocate(SIZE), *other, *next;
    if (strcmp(what, "write-past-end") == 0) {
        block[SIZE + 8] = 'X';
    } else if (strcmp(what, "read-rest-of-slot") == 0) {
        other = allocate(16);
        sink = other[16];
    } else if (strcmp(what, "write-neighbour") == 0) {
        neighbours(FULL, &other, &next);
        other[FULL + 8] = 'X';
    } else if (strcmp(what, "read-before-start") == 0) {
        neighbours(FULL, &other, &next);
        sink = next[-1];
    } else if (strcmp(what, "write-after-free") == 0) {
        release(block);
        block[SIZE / 2] = 'X';
    } else if (strcmp(what, "read-after-free") == 0) {
        release(block);
        sink = block[0];
    } else if (strcmp(what, "read-after-realloc") == 0) {
        next = opaque(realloc(opaque(block), 4000));
        sink = block[0];
    } else if (strcmp(what, "read-next-owner") == 0) {
        release(block);
        next = take_place_of(block, SIZE);
        sink = block[0];
    } else if (strcmp(what, "free-twice") == 0) {
        release(block);
        release(block);
    } else if (strcmp(what, "free-next-owner") == 0) {
        release(block);
        next = take_place_of(block, SIZE);
        release(block);
    } else if (strcmp(what, "realloc-next-owner") == 0) {
        release(block);
        next = take_place_of(block, SIZE);
        if (!opaque(realloc(opaque(block), 10)))
            puts("refused");
    } else if (strcmp(what, "system-call-after-free") == 0) {
        int ends[2];
        release(block);
        if (pipe(ends) == 0 && write(ends[1], (const void *)block, SIZE) == -1)
            puts("refused");
    } else if (strcmp(what, "free-middle") == 0) {
        release(block + 16);
    } else if (strcmp(what, "thread") == 0) {
        threads(misuse_in_thread);
    } else if (strcmp(what, "good") == 0) {
        count_tags();
        follow_one_place();
        resize();
        threads(work);
        if (malloc_trim(0) < 0)
            return 2;
        threads(work);
    } else if (strcmp(what, "freed-contents") == 0) {
        release(block);
        if (prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE | PR_MTE_TCF_NONE, 0, 0, 0) != 0)
            return 2;
        puts(block[SIZE / 2] == 0 ? "zero" : "filled");
        return 0;
    } else if (strcmp(what, "tag") == 0) {
        printf("%s\n", tag(block) != 0 ? "tagged" : "untagged");
        return 0;
    } else {
        return 2;
    }
    puts("went on");
    return 0;
}
