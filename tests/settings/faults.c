/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * faults CASE [before|after]: touches memory that the heap made inaccessible. Prints "sound" if the process
 * lives and new blocks are as they should be; with a handler of the program's own before or after the first
 * allocation. Without an argument: the cases, each with what is said of it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opaque.h"

#define LARGE 300000
#define PAGED 20000

#define NOINLINE __attribute__((noinline))

void touch_write(volatile char *at);
void touch_read(volatile char *at);

NOINLINE void touch_write(volatile char *at)
{
    *at = 'x';
}

NOINLINE void touch_read(volatile char *at)
{
    (void)*at;
}

static char *freed(size_t size)
{
    char *block = malloc(size);
    free(block);
    return opaque(block);
}

static char *block_of(size_t size)
{
    return opaque(malloc(size));
}

/* The lowest of many: there are guard pages above it, and behind those more blocks. */
static char *small(void)
{
    char *lowest = malloc(100);
    for (int i = 0; i < 20000; i++) {
        char *block = malloc(100);
        lowest = block < lowest ? block : lowest;
    }
    return opaque(lowest);
}

static void run_up_from_small(void)
{
    char *block = small();
    for (size_t i = 0; i < 100000; i++)
        touch_read(block + i);
}

static void write_behind_large(void)
{
    touch_write(block_of(LARGE) + LARGE + 32);
}

static void read_before_large(void)
{
    touch_read(block_of(LARGE) - 5000);
}

static void read_freed_large(void)
{
    touch_read(freed(LARGE) + 100);
}

static void write_freed_large(void)
{
    touch_write(freed(LARGE) + 100);
}

static void write_empty(void)
{
    touch_write(block_of(0) + 3);
}

static void read_freed_empty(void)
{
    touch_read(freed(0) + 3);
}

static void write_behind_paged(void)
{
    touch_write(block_of(PAGED) + PAGED + 480);
}

static void read_before_paged(void)
{
    touch_read(block_of(PAGED) - 1);
}

static void write_freed_paged(void)
{
    touch_write(freed(PAGED) + 100);
}

static void read_nowhere(void)
{
    touch_read(opaque((void *)16));
}

static void sent(void)
{
    kill(getpid(), SIGSEGV);
}

static const struct {
    const char *name, *said;
    void (*make)(void);
} cases[] = {
    {"write_behind_large",
     "heap-buffer-overflow: something to be written 32 bytes past the end of a 300000-byte block",
     write_behind_large},
    {"read_before_large",
     "heap-buffer-underflow: something to be read 5000 bytes before the start of a 300000-byte block",
     read_before_large},
    {"read_freed_large", "heap-use-after-free: something to be read 100 bytes from a 300000-byte block",
     read_freed_large},
    {"write_freed_large", "write-after-free: something to be written 100 bytes into a 300000-byte block",
     write_freed_large},
    {"write_empty", "heap-buffer-overflow: something to be written 3 bytes past the end of a 0-byte block",
     write_empty},
    {"read_freed_empty", "heap-use-after-free: something to be read 3 bytes from a 0-byte block",
     read_freed_empty},
    {"write_behind_paged",
     "heap-buffer-overflow: something to be written 480 bytes past the end of a 20000-byte block",
     write_behind_paged},
    {"read_before_paged",
     "heap-buffer-underflow: something to be read 1 byte before the start of a 20000-byte block",
     read_before_paged},
    {"write_freed_paged", "write-after-free: something to be written 100 bytes into a block",
     write_freed_paged},
    {"run_up_from_small", "heap-buffer-[a-z]*: something to be read .* of a 100-byte block",
     run_up_from_small},
    {"read_nowhere", "", read_nowhere},
    {"sent", "", sent},
};

static void own_handler(int number)
{
    static const char text[] = "own handler\n";
    (void)!write(STDOUT_FILENO, text, sizeof text - 1);
    _exit(number == SIGSEGV ? 3 : 4);
}

static void use_heap(void)
{
    static const size_t sizes[] = {LARGE, PAGED, 100, 0};
    char *blocks[200];
    for (size_t i = 0; i < 200; i++) {
        size_t size = sizes[i % 4];
        blocks[i] = calloc(size, 1);
        for (size_t at = 0; at < size; at++)
            if (blocks[i][at] != 0) {
                printf("calloc gave bytes that are not zero\n");
                exit(1);
            }
        memset(blocks[i], 'y', size);
        if (i >= 100) {
            free(blocks[i - 100]);
            blocks[i - 100] = blocks[i];
        }
    }
}

int main(int argc, char **argv)
{
    /* A process starts with its first allocation: before or after the program has a handler. */
    if (argc > 2 && strcmp(argv[2], "before") == 0)
        signal(SIGSEGV, own_handler);
    free(opaque(malloc(1)));
    if (argc > 2 && strcmp(argv[2], "after") == 0)
        signal(SIGSEGV, own_handler);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (argc == 1 && *cases[i].said)
            printf("%s %s\n", cases[i].name, cases[i].said);
        if (argc == 1 || strcmp(argv[1], cases[i].name) != 0)
            continue;
        cases[i].make();
        use_heap();
        puts("sound");
    }
    return 0;
}
