/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Onlookers: threads that look at the whole heap, blocks of others included. While there are any, what can be
 * read stays readable: freed slots are not made inaccessible, and no part of a region is unmapped.
 *
 * An onlooker may vanish without a word, by a signal handler that jumps out of the check or by a fork; so his
 * presence holds for a few seconds, unless he says again that he is there.
 */
#ifndef ONLOOKERS_H
#define ONLOOKERS_H

#include "platform.h"

/* Arrive; returns when nobody is in the middle of a removal. */
void onlookers_arrive(void);

/* To be said all along while looking. */
void onlookers_stay(void);

void onlookers_leave(void);

/* About to make memory inaccessible: false if somebody looks, and then it must not be done. Else
 * onlookers_end_removal() afterwards. */
bool onlookers_begin_removal(void);
void onlookers_end_removal(void);

void onlookers_fork_child(void);

#endif
