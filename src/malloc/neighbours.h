/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * check-neighbours: when a block is freed, the slots on both sides of it are looked at. What is wrong in
 * front of it was written before its start (or behind the end of the block there), and nobody may ever free
 * that one.
 */
#ifndef NEIGHBOURS_H
#define NEIGHBOURS_H

#include "platform.h"

struct size_class;

/* Verify both neighbours of a slot whose own canary is whole. Reports what it finds; returns whether all was
 * well. */
bool neighbours_check(const struct size_class *class, uint32_t slot, const char *operation);

/* The same for the one in front alone, which is where an underflow goes. */
bool neighbours_check_before(const struct size_class *class, uint32_t slot, const char *operation);

#endif
