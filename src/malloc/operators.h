/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The C++ operators new and delete (operators.c). */
#ifndef OPERATORS_H
#define OPERATORS_H

#include "kind.h"
#include "platform.h"

/* Whether those of this process are the library's own; false if the program brings some. */
bool operators_are_ours(void);

/* What becomes of an operator new for which there is no memory, said in `kind`: a new attempt after the
 * program's new handler has run, an exception, or NULL. */
void *operators_out_of_memory(size_t alignment, size_t size, enum allocation_kind kind);

#endif
