/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The whole heap is looked at, again and again, while other threads allocate, resize in place, free, and give
 * memory back. Nothing is wrong with it, so nothing may be reported, and nobody may fault.
 */
#include "shelf.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    ROUNDS = 4000
};

static atomic_size_t working;

static void *resize_in_place(void *unused)
{
    char *blocks[3] = {malloc(1000), malloc(100000), malloc(300000)};
    (void)unused;
    for (size_t i = 0; i / 4 < ROUNDS; i++) {
        blocks[0] = realloc(blocks[0], 960 + i % 60);
        blocks[1] = realloc(blocks[1], 100000 + i % 2 * 12000);
        blocks[2] = realloc(blocks[2], 300000 + i % 7 * 100);
    }
    for (size_t i = 0; i < COUNT(blocks); i++)
        free(blocks[i]);
    atomic_fetch_sub(&working, 1);
    return NULL;
}

static void *free_and_trim(void *unused)
{
    static char *blocks[100];
    (void)unused;
    for (size_t round = 0; round < ROUNDS / 40; round++) {
        for (size_t i = 0; i < COUNT(blocks); i++)
            blocks[i] = malloc(i % 2 ? 100000 : 13000);
        for (size_t i = 0; i < COUNT(blocks); i++)
            free(blocks[i]);
        malloc_trim(0);
    }
    atomic_fetch_sub(&working, 1);
    return NULL;
}

static void *do_anything(void *unused)
{
    struct shelf_place places[40] = {{0}};
    struct shelf shelf = {.places = places, .count = COUNT(places)};
    uint64_t random = 17;
    (void)unused;
    for (size_t i = 0; i < ROUNDS; i++)
        shelf_random_call(&shelf, &random, 400000);
    shelf_release_all(&shelf);
    atomic_fetch_sub(&working, 1);
    return shelf.wrong == 0 ? NULL : unused;
}

int main(void)
{
    void *(*const works[])(void *) = {resize_in_place, free_and_trim, do_anything};
    pthread_t threads[COUNT(works)];
    size_t problems = 0, looks = 0;
    atomic_store(&working, COUNT(works));
    for (size_t i = 0; i < COUNT(works); i++)
        if (pthread_create(&threads[i], NULL, works[i], threads) != 0)
            return 2;
    FILE *nowhere = fopen("/dev/null", "w");
    for (; atomic_load(&working) != 0; looks++) {
        problems += heap_problems();
        (void)mallinfo2();
        if (nowhere && looks % 10 == 0)
            malloc_info(0, nowhere);
    }
    for (size_t i = 0; i < COUNT(works); i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        problems += failed != NULL;
    }
    printf("%zu looks, %zu problems\n", looks, problems);
    return problems == 0 ? 0 : 1;
}
