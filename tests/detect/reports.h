/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For cases that make many reports under on-error=log, and count them. */
#ifndef REPORTS_H
#define REPORTS_H

#include "misuse.h"

#include <fcntl.h>

#include "compatmalloc.h"

#pragma weak compatmalloc_statistics_get

static inline size_t reports_so_far(void)
{
    struct compatmalloc_statistics statistics;
    if (compatmalloc_statistics_get == NULL ||
        compatmalloc_statistics_get(&statistics, sizeof statistics) != 0) {
        fputs("the library is not there\n", stderr);
        _exit(3);
    }
    return statistics.reports;
}

/* One report is enough to read. */
static inline void hide_further_reports(void)
{
    int null = open("/dev/null", O_WRONLY);
    if (null < 0 || dup2(null, STDERR_FILENO) < 0)
        _exit(3);
    close(null);
}

/* What the test looks at: that the program ends as it would have without on-error=log. */
static inline void all_were_reported(void)
{
    abort();
}

#endif
