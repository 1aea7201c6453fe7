/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two pairs of threads: one allocates and fills messages, the other reads and frees them. */
#include "workload.h"

enum {
    PAIRS = 2,
    QUEUE = 1024,
    MESSAGES = 1000000
};

struct message {
    size_t size;
    unsigned char text[];
};

static _Atomic(struct message *) queues[PAIRS][QUEUE];

static void *produce(size_t pair)
{
    uint64_t random = pair + 4;
    for (size_t i = 0; i < MESSAGES; i++) {
        size_t size = 16 + next_random(&random) % 300;
        struct message *message = must(malloc(sizeof *message + size));
        message->size = size;
        touch(message->text, size);
        while (atomic_load_explicit(&queues[pair][i % QUEUE], memory_order_acquire) != NULL)
            sched_yield();
        atomic_store_explicit(&queues[pair][i % QUEUE], message, memory_order_release);
    }
    return NULL;
}

static void *consume(size_t pair)
{
    size_t total = 0;
    for (size_t i = 0; i < MESSAGES; i++) {
        struct message *message;
        while ((message = atomic_load_explicit(&queues[pair][i % QUEUE], memory_order_acquire)) == NULL)
            sched_yield();
        atomic_store_explicit(&queues[pair][i % QUEUE], NULL, memory_order_release);
        total += message->size + message->text[0];
        free(message);
    }
    return (void *)total;
}

static void *body(void *number)
{
    size_t n = (size_t)number;
    return n % 2 == 0 ? produce(n / 2) : consume(n / 2);
}

int main(void)
{
    run_threads((size_t)2 * PAIRS, body);
    return 0;
}
