/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "json.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

/* Length of the well-formed UTF-8 sequence of two bytes or more that starts here (Unicode, table 3-7), or 0.
 */
static unsigned sequence_length(const unsigned char *s)
{
    unsigned length = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
                      : s[0] >= 0xe0 && s[0] <= 0xef ? 3
                      : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                                     : 0;
    /* Overlong forms, surrogates and what is beyond U+10FFFF are told by the second byte. */
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    for (unsigned i = 1; i < length; i++) {
        if (s[i] < low || s[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

static void print_string(const char *string)
{
    const unsigned char *at = (const unsigned char *)string;
    putchar('"');
    while (*at) {
        unsigned length = sequence_length(at);
        if (length > 0)
            printf("%.*s", (int)length, (const char *)at);
        else if (*at == '"' || *at == '\\')
            printf("\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            printf("\\u%04x", *at);
        else if (*at < 0x80)
            putchar(*at);
        else
            fputs("\\ufffd", stdout);
        at += length > 0 ? length : 1;
    }
    putchar('"');
}

/* Whether the innermost bracket has something in it already. */
static bool needs_comma;

static void begin_value(const char *name)
{
    if (needs_comma)
        fputs(",", stdout);
    needs_comma = true;
    if (!name)
        return;
    print_string(name);
    putchar(':');
}

void json_begin(const char *name, char bracket)
{
    begin_value(name);
    putchar(bracket);
    needs_comma = false;
}

void json_end(char bracket)
{
    putchar(bracket);
    needs_comma = true;
}

void json_string(const char *name, const char *string)
{
    if (!string) {
        json_null(name);
        return;
    }
    begin_value(name);
    print_string(string);
}

void json_number(const char *name, uint64_t number)
{
    begin_value(name);
    printf("%" PRIu64, number);
}

void json_bool(const char *name, bool value)
{
    begin_value(name);
    fputs(value ? "true" : "false", stdout);
}

void json_null(const char *name)
{
    begin_value(name);
    fputs("null", stdout);
}

void json_newline(void)
{
    putchar('\n');
    needs_comma = false;
}
