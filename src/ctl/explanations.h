/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What each kind of report means, for somebody who has to do something about it. */
#ifndef EXPLANATIONS_H
#define EXPLANATIONS_H

struct explanation {
    const char *kind;
    const char *what;   /* the program did */
    const char *danger; /* what an attacker could have made of it */
    const char *look;   /* where to begin */
};

/* Ends with a kind of NULL. */
extern const struct explanation explanations[];

/* NULL if there is no such kind. */
const struct explanation *explanation_of(const char *kind);

#endif
