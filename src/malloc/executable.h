/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The program's own file as it lies in memory, found by the auxiliary vector: nothing here asks the kernel,
 * and nothing asks the dynamic loader.
 */
#ifndef EXECUTABLE_H
#define EXECUTABLE_H

#include "platform.h"

/* What it was started by; NULL if that is not known. */
const char *executable_started_as(void);

/* The address as its file has it, which addr2line takes; false if it is not one of its own. */
bool executable_holds(uintptr_t address, uintptr_t *in_file);

/* Whether it, and not only one of its libraries, uses a function of another file that `is_it` says yes to. */
bool executable_uses(bool (*is_it)(const char *name));

/* Whether a library whose file is called so, with whatever behind, was loaded with it. While it is loaded:
 * later other threads change the list that is looked at. */
bool executable_has_loaded(const char *name);

#endif
