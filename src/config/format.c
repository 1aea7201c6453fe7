/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "format.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

void text_bytes(struct text *text, const char *bytes, size_t length)
{
    size_t room = text->size - text->used;
    if (length > room)
        length = room;
    memcpy(text->start + text->used, bytes, length);
    text->used += length;
}

void text_string(struct text *text, const char *string)
{
    text_bytes(text, string, strlen(string));
}

static void text_number(struct text *text, uint64_t number, unsigned base)
{
    char reversed[20];
    size_t at = sizeof reversed;
    do {
        reversed[--at] = digits[number % base];
        number /= base;
    } while (number != 0);
    text_bytes(text, reversed + at, sizeof reversed - at);
}

void text_decimal(struct text *text, uint64_t number)
{
    text_number(text, number, 10);
}

void text_hex(struct text *text, uint64_t number)
{
    text_string(text, "0x");
    text_number(text, number, 16);
}

void text_hex_dump(struct text *text, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char pair[3] = {digits[bytes[i] >> 4], digits[bytes[i] & 15], ' '};
        text_bytes(text, pair, i + 1 < count ? 3 : 2);
    }
}

void text_quoted(struct text *text, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        char shown = byte < 0x20 || byte == 0x7f ? '?' : bytes[i];
        text_bytes(text, &shown, 1);
    }
}
