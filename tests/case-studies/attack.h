/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The frame of a case study: a detection case (tests/detect/misuse.h) that has the mistake of a known
 * vulnerability. bad() gives it input like the exploit's, good() input that an honest user would. Where the
 * exploit would have reached its aim, the program says so instead of acting on it.
 *
 * Besides what misuse.h lists, the comment of a case may say
 *
 *     expect strict: ...           what is expected of bad in the strict profile, if that is something else
 *     expect strict from SIZE: ...
 *
 * and `unnoticed` is one more outcome: bad ends as if nothing had happened.
 */
#ifndef ATTACK_H
#define ATTACK_H

#include "../detect/misuse.h"

#include <stdarg.h>

/*
 * What programs have allocated by the time that anybody attacks them. Without it, a case would be about a
 * heap that is nearly empty, and about the first few blocks of a process, which the strict profile treats
 * with particular care.
 */
__attribute__((constructor)) static void start_up(void)
{
    static void *in_use[400];
    for (size_t i = 0; i < sizeof in_use / sizeof *in_use; i++)
        in_use[i] = must(malloc(24 + i % 20 * 32));
}

/* Written at once: what happens next may end the process. */
__attribute__((format(printf, 1, 2))) static inline void attacker(const char *format, ...)
{
    char line[200] = "attacker: ";
    size_t start = strlen(line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + start, sizeof line - start - 1, format, arguments);
    va_end(arguments);
    strcat(line, "\n");
    if (write(STDOUT_FILENO, line, strlen(line)) < 0)
        _exit(3);
}

#endif
