/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CVE-2024-2961, glibc 2.1.93 to 2.39: the converter to ISO-2022-CN-EXT, written anew and cut down to two of
 * its character sets. Before the first character of a set comes an escape sequence of four bytes that
 * announces it; for one of the sets, the converter does not ask whether there is room for that.
 */
#ifndef ISO_2022_H
#define ISO_2022_H

#include "attack.h"

enum character_set {
    SET_ASCII,
    SET_CNS_PLANE_2
};

struct character {
    enum character_set set;
    char bytes[2];
};

struct output {
    char *next;
    char *end;
    bool plane_2_announced;
};

static bool put(struct output *output, const char *bytes, size_t count)
{
    if (output->end - output->next < (ptrdiff_t)count)
        return false;
    while (count-- != 0)
        *output->next++ = *bytes++;
    return true;
}

/* Append one character; false if there is no room for it. */
static bool convert(struct output *output, const struct character *character)
{
    if (character->set == SET_ASCII)
        return put(output, character->bytes, 1);
    if (!output->plane_2_announced) {
        /* The mistake: what put() checks is not checked here. */
        for (const char *escape = "\033$*H"; *escape != '\0'; escape++)
            *output->next++ = *escape;
        output->plane_2_announced = true;
    }
    const char shifted[] = {'\033', 'N', character->bytes[0], character->bytes[1]};
    return put(output, shifted, sizeof shifted);
}

/* Letters up to `room` bytes before the end of the block, then the character that needs announcing. */
static bool convert_text(char *block, size_t size, size_t room)
{
    struct output output = {.next = opaque(block), .end = opaque(block + size)};
    const struct character letter = {SET_ASCII, {'a', '\0'}}, rare = {SET_CNS_PLANE_2, {'\x21', '\x21'}};
    while (output.next + room < output.end)
        convert(&output, &letter);
    return convert(&output, &rare);
}

#endif
