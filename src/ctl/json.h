/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef JSON_H
#define JSON_H

/* A JSON string on stdout, or null for NULL. Bytes that are not UTF-8 become U+FFFD: file names may hold any.
 */
void json_print_string(const char *string);

#endif
