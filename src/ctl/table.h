/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tables for people: columns as wide as they need to be; on a terminal with colours, and cut at its edge. */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum colour {
    PLAIN,
    GREEN,
    YELLOW,
    RED,
    BOLD
};

struct table;

/* Titles, ended by NULL. In a title that begins with '>' the column's numbers stand to the right. */
struct table *table_begin(const char *const *titles);

/* From left to right; a full row begins the next one. The text is copied. */
void table_cell(struct table *table, enum colour colour, const char *text);

/* Print and forget it. */
void table_end(struct table *table);

/* Colours on and off again, nothing where there are none. */
const char *colour_on(enum colour colour);
const char *colour_off(enum colour colour);

/* Without what moves the cursor or forges a line: file names may hold anything. */
void table_print_harmless(const char *text);

#endif
