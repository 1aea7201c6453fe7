/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What canaries are made from (canary.h). */
#ifndef CANARY_CONSTANTS_H
#define CANARY_CONSTANTS_H

#include "platform.h"
#include "random.h"

/*
 * Canaries and poison hold bytes from 0x80 to 0x9f and 0xc0 to 0xdf only: never zero, ASCII or 0xff, which
 * stray writes most often are, so that these are found with certainty and not with probability 255/256. Six
 * bits a byte stay secret.
 */
#define PATTERN_SET   UINT64_C(0x8080808080808080)
#define PATTERN_CLEAR UINT64_C(0x2020202020202020)

/* The longest canary that windows can select. */
#define CANARY_WINDOW 96

struct canary_constants {
    uint64_t secret, multiplier;
    uint64_t set; /* PATTERN_SET, as a number that the compiler does not know: one from memory is cheaper */
    /* Windows on these select, of the last vectors of a slot, the canary (canary_at()); and the bits that
     * canaries have, but for the zero. Here because what is fixed at start is near at hand. */
    uint8_t window[2 * CANARY_WINDOW], bits_window[2 * CANARY_WINDOW];
};

void canary_start(struct canary_constants *canary, struct random *random);

#endif
