/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * day: 24 hours of a server's life in some seconds. Sessions come and go, few at night and many in the
 * afternoon; each has blocks of its own, serves requests with short-lived ones, and now and then fills a
 * large buffer; a cache grows and is emptied. After each hour one line: the hour, the sessions, the megabytes
 * that live blocks were asked for, and the megabytes of memory that the process has.
 */
#include "../workloads/workload.h"

enum {
    SESSIONS_MOST = 12000,
    SESSION_BLOCKS = 40,
    CACHE = 20000,
    STEPS = 150000
};

struct block {
    char *at;
    size_t size;
};

struct session {
    struct block blocks[SESSION_BLOCKS];
};

static struct session *sessions[SESSIONS_MOST];
static unsigned open_sessions;
static struct block cache[CACHE];
static size_t live;
static uint64_t random_state = 20;

static struct block take(size_t size)
{
    struct block block = {must(malloc(size)), size};
    memset(block.at, 1, size);
    live += size;
    return block;
}

static void give(struct block *block)
{
    free(block->at);
    live -= block->size;
    *block = (struct block){NULL, 0};
}

static void open_session(void)
{
    struct session *session = must(calloc(1, sizeof *session));
    for (unsigned i = 0; i < SESSION_BLOCKS; i++)
        session->blocks[i] = take(skewed_size(&random_state, i == 0 ? 16 : 13));
    sessions[open_sessions++] = session;
}

static void close_session(void)
{
    unsigned which = (unsigned)(next_random(&random_state) % open_sessions);
    struct session *session = sessions[which];
    sessions[which] = sessions[--open_sessions];
    for (unsigned i = 0; i < SESSION_BLOCKS; i++)
        give(&session->blocks[i]);
    free(session);
}

static void serve(struct session *session)
{
    struct block request[8];
    for (unsigned i = 0; i < 8; i++)
        request[i] = take(skewed_size(&random_state, 13));
    struct block *kept = &session->blocks[next_random(&random_state) % SESSION_BLOCKS];
    give(kept);
    *kept = take(skewed_size(&random_state, 11));
    for (unsigned i = 0; i < 8; i++)
        give(&request[i]);
    if (next_random(&random_state) % 500 == 0) {
        struct block upload = take((size_t)200000 + next_random(&random_state) % 2000000);
        give(&upload);
    }
}

static void remember(void)
{
    struct block *entry = &cache[next_random(&random_state) % CACHE];
    if (entry->at)
        give(entry);
    *entry = take(skewed_size(&random_state, 12));
}

static void forget_all(void)
{
    for (unsigned i = 0; i < CACHE; i++)
        if (cache[i].at)
            give(&cache[i]);
}

static double resident(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm && fscanf(statm, "%*s %ld", &pages) != 1)
        pages = 0;
    if (statm)
        fclose(statm);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* From a tenth of all sessions at 3 in the morning to nearly all at 3 in the afternoon. */
static unsigned wanted_at(unsigned hour)
{
    unsigned distance = (hour + 24 - 15) % 24;
    if (distance > 12)
        distance = 24 - distance;
    return SESSIONS_MOST - 100 - (SESSIONS_MOST - 100) * 9 / 10 * distance / 12;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned hour = 0; hour < 24 + 4; hour++) {
        unsigned wanted = wanted_at(hour % 24);
        for (unsigned step = 0; step < STEPS; step++) {
            bool full = open_sessions >= wanted;
            if (open_sessions == 0 || (!full && step % 4 == 0))
                open_session();
            else if (full && (step % 16 == 0 || (open_sessions > wanted + 50 && step % 4 == 0)))
                close_session();
            serve(sessions[next_random(&random_state) % open_sessions]);
            if (step % 8 == 0)
                remember();
        }
        if (hour % 8 == 7)
            forget_all();
        printf("%u %u %.1f %.1f\n", hour, open_sessions, (double)live / 1e6, resident());
    }
    return 0;
}
