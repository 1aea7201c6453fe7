/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "config_edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"
#include "ctl.h"
#include "file.h"

#define AUDIT_SECTION                                                                                        \
    "[default] # of 'compatmallocctl system enable --audit', which 'system disable' undoes\n"
#define AUDIT_SETTING "on-error = log # of 'compatmallocctl system enable --audit'\n"

/* --- lines ------------------------------------------------------------------------------------ */

static size_t line_length(const char *line)
{
    size_t length = strcspn(line, "\n");
    return length + (line[length] == '\n');
}

/* Without blanks around it, and without a comment. */
static const char *content(const char *line, size_t *length)
{
    size_t size = strcspn(line, "\r\n"), skip = strspn(line, " \t");
    skip = skip < size ? skip : size;
    for (size_t i = skip; i < size; i++)
        if ((line[i] == '#' || line[i] == ';') && (i == skip || line[i - 1] == ' ' || line[i - 1] == '\t'))
            size = i;
    while (size > skip && (line[size - 1] == ' ' || line[size - 1] == '\t'))
        size--;
    *length = size - skip;
    return line + skip;
}

static bool is_section(const char *line)
{
    size_t length;
    const char *start = content(line, &length);
    return length > 0 && *start == '[';
}

static bool is_section_of(const char *line, const char *program)
{
    size_t length, name = strlen(program);
    const char *start = content(line, &length);
    if (!is_section(line) || length < sizeof "[program]" || start[length - 1] != ']' ||
        strncmp(start, "[program", strlen("[program")) != 0)
        return false;
    const char *at = start + strlen("[program"), *end = start + length - 1;
    at += strspn(at, " \t");
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (size_t)(end - at) == name && strncmp(at, program, name) == 0;
}

static bool sets_profile(const char *line)
{
    size_t length, word = strlen("profile");
    const char *start = content(line, &length);
    if (length <= word || strncmp(start, "profile", word) != 0)
        return false;
    return start[word + strspn(start + word, " \t")] == '=';
}

/* --- sections --------------------------------------------------------------------------------- */

/* The first section of this program, and where the next one begins, or the text ends; NULL if there is none.
 */
static const char *find_section(const char *text, const char *program, const char **end)
{
    const char *section = NULL;
    for (const char *line = text; *line; line += line_length(line)) {
        if (section && is_section(line)) {
            *end = line;
            return section;
        }
        if (!section && is_section_of(line, program))
            section = line;
    }
    *end = text + strlen(text);
    return section;
}

static const char *find_profile(const char *section, const char *end)
{
    for (const char *line = section + line_length(section); line < end; line += line_length(line))
        if (sets_profile(line))
            return line;
    return NULL;
}

static const char *newline_if_missing(const char *text, const char *end)
{
    return end > text && end[-1] != '\n' ? "\n" : "";
}

char *config_with_exemption(const char *text, const char *program)
{
    const char *end, *section = find_section(text, program, &end);
    if (!section) {
        const char *tail = text + strlen(text);
        return text_of("%s%s%s[program %s]\nprofile = off\n", text, newline_if_missing(text, tail),
                       tail > text ? "\n" : "", program);
    }
    const char *profile = find_profile(section, end), *after = section + line_length(section);
    if (!profile)
        return text_of("%.*s%sprofile = off\n%s", (int)(after - text), text, newline_if_missing(text, after),
                       after);
    /* What stands behind the value, a comment perhaps, stays. */
    size_t length;
    const char *start = content(profile, &length);
    return text_of("%.*sprofile = off%s", (int)(start - text), text, start + length);
}

char *config_without_exemption(const char *text, const char *program)
{
    const char *end, *section = find_section(text, program, &end);
    const char *profile = section ? find_profile(section, end) : NULL;
    if (!profile)
        return text_of("%s", text);
    /* Its own comments count as something: whoever wrote them may want to read them again. */
    bool has_more = false;
    for (const char *line = section + line_length(section); line < end; line += line_length(line))
        has_more =
            has_more || (line != profile && line[strspn(line, " \t\r\n")] != '\0' && line_length(line) > 1);
    const char *after = profile + line_length(profile);
    if (has_more)
        return text_of("%.*s%s", (int)(profile - text), text, after);
    /* The blank line that was put in front of it goes with it. */
    const char *from = section;
    if (from > text + 1 && from[-1] == '\n' && from[-2] == '\n')
        from--;
    return text_of("%.*s%s", (int)(from - text), text, after);
}

/* --- audit ------------------------------------------------------------------------------------ */

char *config_without_audit(const char *text, const char *unused)
{
    (void)unused;
    static const char both[] = AUDIT_SECTION AUDIT_SETTING;
    const char *found = strstr(text, both);
    if (!found)
        return text_of("%s", text);
    return text_of("%.*s%s", (int)(found - text), text, found + sizeof both - 1);
}

char *config_with_audit(const char *text, const char *unused)
{
    (void)unused;
    if (strstr(text, AUDIT_SECTION AUDIT_SETTING))
        return text_of("%s", text);
    return text_of("%s%s" AUDIT_SECTION AUDIT_SETTING, text, newline_if_missing(text, text + strlen(text)));
}

/* --- the file --------------------------------------------------------------------------------- */

bool config_is_audited(void)
{
    char *text = file_read(CONFIG_FILE, NULL);
    bool audited = text && strstr(text, AUDIT_SECTION AUDIT_SETTING);
    free(text);
    return audited;
}

bool config_change(char *(*edit)(const char *text, const char *argument), const char *argument, bool *changed)
{
    char *old = file_read(CONFIG_FILE, NULL);
    if (!old && errno != ENOENT) {
        trouble(CONFIG_FILE ": %s", strerror(errno));
        return false;
    }
    char *new = edit(old ? old : "", argument);
    bool differs = strcmp(old ? old : "", new) != 0;
    bool done = !differs || file_replace(CONFIG_FILE, new, strlen(new));
    if (!done)
        trouble(CONFIG_FILE ": %s", strerror(errno));
    if (changed)
        *changed = done && differs;
    free(old);
    free(new);
    return done;
}
