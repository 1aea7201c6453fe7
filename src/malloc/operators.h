/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whether the C++ operators new and delete of this process are the library's own (operators.c). */
#ifndef OPERATORS_H
#define OPERATORS_H

#include "platform.h"

/* False if the program brings some of its own. */
bool operators_are_ours(void);

#endif
