/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One JSON document on stdout, written from front to back; commas put themselves where they belong. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdint.h>

/* '{' or '[', and its counterpart. `name` is that of a member of an object, NULL in a list. */
void json_begin(const char *name, char bracket);
void json_end(char bracket);

/* Bytes that are not UTF-8 become U+FFFD: file names may hold any. NULL becomes null. */
void json_string(const char *name, const char *string);
void json_number(const char *name, uint64_t number);
void json_bool(const char *name, bool value);
void json_null(const char *name);

/* After the last bracket. */
void json_newline(void);

#endif
