/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* explain-faults: a report before the SIGSEGV that a guard page or a freed block ends a program with. */
#ifndef FAULT_HANDLER_H
#define FAULT_HANDLER_H

/* Install the handler if the settings ask for it. */
void fault_handler_start(void);

#endif
