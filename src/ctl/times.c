/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "times.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND UINT64_C(1000000)

/* Midnight, so many days later. */
static uint64_t start_of_day(time_t when, int days)
{
    struct tm day;
    localtime_r(&when, &day);
    day.tm_hour = day.tm_min = day.tm_sec = 0;
    day.tm_mday += days;
    day.tm_isdst = -1;
    return (uint64_t)mktime(&day) * SECOND;
}

/* The text behind a span of time, NULL if there is none. */
static const char *read_span(const char *text, uint64_t *seconds)
{
    static const struct {
        const char *unit;
        unsigned seconds;
    } units[] = {{"s", 1},         {"sec", 1},       {"second", 1},   {"seconds", 1},  {"m", 60},
                 {"min", 60},      {"minute", 60},   {"minutes", 60}, {"h", 3600},     {"hour", 3600},
                 {"hours", 3600},  {"d", 86400},     {"day", 86400},  {"days", 86400}, {"w", 604800},
                 {"week", 604800}, {"weeks", 604800}};
    char *unit;
    if (!isdigit((unsigned char)*text))
        return NULL;
    unsigned long count = strtoul(text, &unit, 10);
    unit += strspn(unit, " ");
    size_t length = strcspn(unit, " ");
    for (size_t i = 0; i < sizeof units / sizeof *units && count < UINT32_MAX; i++)
        if (strlen(units[i].unit) == length && strncmp(units[i].unit, unit, length) == 0) {
            *seconds = count * units[i].seconds;
            return unit + length + strspn(unit + length, " ");
        }
    return NULL;
}

bool parse_span(const char *text, uint64_t *seconds)
{
    const char *rest = read_span(text, seconds);
    return rest && *rest == '\0' && *seconds > 0;
}

static bool parse_ago(const char *text, time_t now, uint64_t *microseconds)
{
    uint64_t seconds;
    const char *rest = read_span(text + (*text == '-'), &seconds);
    if (!rest || (*rest != '\0' && strcmp(rest, "ago") != 0))
        return false;
    *microseconds = (uint64_t)now > seconds ? ((uint64_t)now - seconds) * SECOND : 0;
    return true;
}

bool parse_time(const char *text, uint64_t *microseconds)
{
    static const char *const formats[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M",
                                          "%Y-%m-%d"};
    time_t now = time(NULL);
    if (strcmp(text, "today") == 0 || strcmp(text, "yesterday") == 0) {
        *microseconds = start_of_day(now, *text == 'y' ? -1 : 0);
        return true;
    }
    if (*text == '@') {
        char *end;
        *microseconds = strtoull(text + 1, &end, 10) * SECOND;
        return end != text + 1 && *end == '\0';
    }
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct tm when = {.tm_isdst = -1};
        const char *end = strptime(text, formats[i], &when);
        if (end && *end == '\0') {
            *microseconds = (uint64_t)mktime(&when) * SECOND;
            return true;
        }
    }
    return parse_ago(text, now, microseconds);
}
