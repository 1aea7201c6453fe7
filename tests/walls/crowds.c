/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Many threads. `crowds alive N`: all of them at once, and each frees what another has allocated. `crowds
 * gone N`: the same, and what they had for themselves goes back to the system when they have ended. `crowds
 * ended N`: one after the other, and the process does not grow.
 */
#include "blocks.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BLOCKS = 4,
    OWN_BLOCKS = 64,
    GONE_KIB = 150, /* of a thread that has ended, at most; while it lives it has more than twice that */
    AT_ONCE = 8
};

struct member {
    pthread_t thread;
    struct member *next; /* frees what this one leaves */
    void *left[BLOCKS];
};

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static bool is_open, with_own_blocks;
static size_t arrived;
static atomic_size_t wrong;

static size_t size_of(size_t number)
{
    static const size_t sizes[BLOCKS] = {24, 100, 700, 3000};
    return sizes[number];
}

static void use_own_blocks(void)
{
    void *blocks[OWN_BLOCKS];
    for (size_t i = 0; i < OWN_BLOCKS; i++) {
        blocks[i] = malloc(i * 40 + 1);
        if (blocks[i])
            memset(blocks[i], 1, i * 40 + 1);
    }
    for (size_t i = 0; i < OWN_BLOCKS; i++)
        free(blocks[i]);
}

static void *stay(void *argument)
{
    struct member *member = argument;
    for (size_t i = 0; i < BLOCKS; i++) {
        member->left[i] = malloc(size_of(i));
        if (!member->left[i])
            atomic_fetch_add(&wrong, 1);
        else
            fill(member->left[i], size_of(i), (size_t)member + i);
    }
    if (with_own_blocks)
        use_own_blocks();
    pthread_mutex_lock(&gate);
    arrived++;
    while (!is_open)
        pthread_cond_wait(&opened, &gate);
    pthread_mutex_unlock(&gate);
    struct member *other = member->next;
    for (size_t i = 0; i < BLOCKS; i++) {
        if (other->left[i] && !intact(other->left[i], size_of(i), (size_t)other + i))
            atomic_fetch_add(&wrong, 1);
        free(other->left[i]);
    }
    return NULL;
}

static size_t resident_kib(void)
{
    char text[100] = "";
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || !fgets(text, sizeof text, file))
        exit(2);
    fclose(file);
    return strtoul(strchr(text, ' '), NULL, 10) * (size_t)getpagesize() / KIB;
}

static int all_alive(size_t count)
{
    struct member *members = calloc(count, sizeof *members);
    pthread_attr_t small;
    size_t started = 0;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 32 * KIB);
    for (; members && started < count; started++) {
        members[started].next = &members[(started + 1) % count];
        if (pthread_create(&members[started].thread, &small, stay, &members[started]) != 0)
            break;
    }
    if (started != count) {
        printf("only %zu threads could be started\n", started);
        return 77;
    }
    pthread_mutex_lock(&gate);
    while (arrived != count) {
        pthread_mutex_unlock(&gate);
        usleep(1000);
        pthread_mutex_lock(&gate);
    }
    is_open = true;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&gate);
    for (size_t i = 0; i < count; i++)
        pthread_join(members[i].thread, NULL);
    free(members);
    if (wrong != 0)
        printf("%zu things were wrong\n", (size_t)wrong);
    return wrong == 0 ? 0 : 1;
}

static int all_gone(size_t count)
{
    with_own_blocks = true;
    size_t before = resident_kib();
    int status = all_alive(count);
    size_t after = resident_kib();
    if (status == 0 && after > before + count * GONE_KIB) {
        printf("%zu KiB resident before there were threads, %zu when they had ended\n", before, after);
        return 1;
    }
    return status;
}

/* --- one after the other */

static void *come_and_go(void *left)
{
    void *blocks[10];
    for (size_t i = 0; i < COUNT(blocks); i++)
        blocks[i] = malloc(i * 60 + 1);
    for (size_t i = 0; i < COUNT(blocks); i++)
        free(blocks[i]);
    *(void **)left = calloc(1, 200);
    return left;
}

static int all_ended(size_t count)
{
    pthread_attr_t small;
    size_t early = 0;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * KIB);
    for (size_t i = 0; i < count; i += AT_ONCE) {
        pthread_t threads[AT_ONCE];
        void *left[AT_ONCE];
        for (size_t j = 0; j < AT_ONCE; j++)
            if (pthread_create(&threads[j], &small, come_and_go, &left[j]) != 0)
                return 1;
        for (size_t j = 0; j < AT_ONCE; j++) {
            pthread_join(threads[j], NULL);
            wrong += !left[j] || !all_zero(left[j], 200);
            free(left[j]);
        }
        if (early == 0 && i >= count / 10)
            early = resident_kib();
    }
    size_t late = resident_kib();
    printf("%zu threads, %zu things wrong; %zu KiB resident after a tenth of them, %zu in the end\n", count,
           (size_t)wrong, early, late);
    return wrong == 0 && late < early + 1024 ? 0 : 1;
}

int main(int argc, char **argv)
{
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
    const char *role = argc > 1 ? argv[1] : "";
    if (strcmp(role, "ended") == 0)
        return all_ended(count);
    return strcmp(role, "gone") == 0 ? all_gone(count) : all_alive(count);
}
