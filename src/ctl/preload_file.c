/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "preload_file.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "file.h"
#include "library.h"

/* --- the file --------------------------------------------------------------------------------- */

/* The dynamic loader takes blanks, colons and line ends for the same, and passes over what is behind a '#'. A
 * line of somebody's that also has the library in it keeps the rest. */
static const char separators[] = " \t\r\n:";

/* A line's bytes up to a comment. */
static size_t length_of_names(const char *line, size_t length)
{
    const char *comment = memchr(line, '#', length);
    return comment ? (size_t)(comment - line) : length;
}

/* Appends to *list, which is replaced. */
static void append_word(char **list, const char *word, size_t length)
{
    char *longer = text_of("%s%s%.*s", *list, **list ? " " : "", (int)length, word);
    free(*list);
    *list = longer;
}

/* Appends to *list the libraries that the line names, but for ours. True if ours was among them. */
static bool list_foreign(char **list, const char *line, size_t length)
{
    bool ours = false;
    size_t end = length_of_names(line, length);
    for (size_t at = 0, word; at < end; at += word + 1) {
        word = strcspn(line + at, separators);
        word = word < end - at ? word : end - at;
        if (library_is(line + at, word))
            ours = true;
        else if (word > 0)
            append_word(list, line + at, word);
    }
    return ours;
}

/* NULL if the line does not name the library; else what remains of it, which may be nothing. */
static char *line_without_library(const char *line, size_t length)
{
    char *rest = text_of("%s", "");
    if (!list_foreign(&rest, line, length)) {
        free(rest);
        return NULL;
    }
    size_t end = length_of_names(line, length);
    if (end < length)
        append_word(&rest, line + end, length - end);
    return rest;
}

/* NULL if there is no such file, which is as good as an empty one, or if it cannot be read, with errno. */
static char *read_foreign(bool *had_ours)
{
    char *text = file_read(PRELOAD_FILE, NULL);
    *had_ours = false;
    if (!text)
        return NULL;
    char *foreign = text_of("%s", "");
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        char *kept = line_without_library(line, length);
        bool ours = kept != NULL;
        if (!ours)
            kept = text_of("%.*s", (int)length, line);
        if (!ours || *kept) {
            char *longer = text_of("%s%s\n", foreign, kept);
            free(foreign);
            foreign = longer;
        }
        free(kept);
        *had_ours = *had_ours || ours;
        line += length + (line[length] == '\n');
    }
    free(text);
    return foreign;
}

/* /usr/lib/x86_64-linux-gnu/NAME is LINK_ROOT/lib/x86_64-linux-gnu/NAME: what the dynamic loader makes of
 * $LIB. */
static char *link_to(const char *library)
{
    static const char prefix[] = "/usr";
    return text_of(LINK_ROOT "%s", library + sizeof prefix - 1);
}

bool preload_has_line(void)
{
    bool ours;
    free(read_foreign(&ours));
    return ours;
}

/* At boot systemd makes the directory for us; what counts is what leads from there to a library. */
static bool has_links(void)
{
    for (char **library = library_files(); *library; library++) {
        char *path = link_to(*library);
        bool found = access(path, F_OK) == 0;
        free(path);
        if (found)
            return true;
    }
    return false;
}

bool preload_is_in_force(void)
{
    return has_links() && preload_has_line();
}

bool preload_is_enabled(void)
{
    return preload_has_line() || access(ASLEEP_FILE, F_OK) == 0;
}

bool preload_is_on_trial(void)
{
    return access(TRIAL_FILE, F_OK) == 0;
}

char *preload_foreign_lines(void)
{
    bool ours;
    char *foreign = read_foreign(&ours);
    return foreign ? foreign : text_of("%s", "");
}

char *preload_foreign_libraries(void)
{
    char *text = file_read(PRELOAD_FILE, NULL), *list = text_of("%s", "");
    for (const char *line = text; line && *line;) {
        size_t length = strcspn(line, "\n");
        list_foreign(&list, line, length);
        line += length + (line[length] == '\n');
    }
    free(text);
    return list;
}

bool preload_add_line(void)
{
    bool ours;
    char *foreign = read_foreign(&ours);
    if (!foreign && errno != ENOENT)
        return false;
    /* In front: the first allocator is the one that counts. */
    char *text = text_of(PRELOAD_LINE "\n%s", foreign ? foreign : "");
    bool done = file_replace(PRELOAD_FILE, text, strlen(text));
    int reason = errno;
    free(foreign);
    free(text);
    errno = reason;
    return done;
}

bool preload_remove_line(void)
{
    bool ours;
    char *foreign = read_foreign(&ours);
    if (!foreign)
        return errno == ENOENT;
    bool done = !ours ||
                (*foreign ? file_replace(PRELOAD_FILE, foreign, strlen(foreign)) : file_remove(PRELOAD_FILE));
    int reason = errno;
    free(foreign);
    errno = reason;
    return done;
}

/* --- the links --------------------------------------------------------------------------------- */

static bool make_link(const char *library)
{
    char *path = link_to(library);
    char *directory = text_of("%.*s", (int)(strrchr(path, '/') - path), path);
    bool done = file_make_directories(directory) && (symlink(library, path) == 0 || errno == EEXIST);
    int reason = errno;
    free(path);
    free(directory);
    errno = reason;
    return done;
}

bool preload_make_links(void)
{
    char **library = library_files();
    if (!*library)
        errno = ENOENT;
    bool done = *library;
    for (; *library && done; library++)
        done = make_link(*library);
    return done;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

void preload_remove_links(void)
{
    (void)nftw(LINK_ROOT, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
