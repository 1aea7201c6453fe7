/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Text put together in a buffer of fixed size, for code that must not allocate or enter stdio.
 *
 * What does not fit is dropped: a report that is cut short still says the most important thing first.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <stddef.h>
#include <stdint.h>

struct text {
    char *start;
    size_t size; /* of the buffer */
    size_t used; /* never more than size; the text is not NUL-terminated */
};

void text_bytes(struct text *text, const char *bytes, size_t length);
void text_string(struct text *text, const char *string);
void text_decimal(struct text *text, uint64_t number);

/* With 0x in front. */
void text_hex(struct text *text, uint64_t number);

/* Two hexadecimal digits for each byte, with blanks between them. */
void text_hex_dump(struct text *text, const unsigned char *bytes, size_t count);

/* Bytes of somebody else's making: what could move a terminal's cursor or forge a line of a log becomes '?'.
 */
void text_quoted(struct text *text, const char *bytes, size_t length);

#endif
