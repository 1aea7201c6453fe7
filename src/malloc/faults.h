/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * explain-faults: what lies at an address of the heap's that nobody may touch.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include "report.h"

/* Describe an access to that address, if it is one that the heap made inaccessible: a guard page, a freed
 * block, or malloc(0)'s; or, where it was its tag that was wrong, a live block. False if it is not. */
bool faults_describe(const char *address, enum report_access access, bool by_tag, struct report *report);

/* Let that access, and others to its page, happen; what it was to protect is never handed out again. False if
 * the kernel refuses. */
bool faults_let_pass(const char *address);

#endif
