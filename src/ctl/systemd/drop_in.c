/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "drop_in.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "file.h"

#define FILE_NAME   "compatmalloc.conf"
#define FIRST_WORDS "# Written by compatmallocctl"
#define INSTALLED   "share/compatmalloc/compatmalloc.conf"

static char *user_directory(bool runtime)
{
    const char *base = getenv(runtime ? "XDG_RUNTIME_DIR" : "XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (base && *base == '/')
        return text_of("%s/systemd/user", base);
    if (!runtime && home && *home == '/')
        return text_of("%s/.config/systemd/user", home);
    trouble("%s is not set, so there is no place for a user's units", runtime ? "XDG_RUNTIME_DIR" : "HOME");
    return NULL;
}

char *drop_in_directory(const struct drop_in_place *place, const char *unit)
{
    char *base = place->user ? user_directory(place->runtime)
                             : text_of("%s/systemd/system", place->runtime ? "/run" : "/etc");
    char *directory = base ? text_of("%s/%s.d", base, unit) : NULL;
    free(base);
    return directory;
}

char *drop_in_path(const struct drop_in_place *place, const char *unit)
{
    char *directory = drop_in_directory(place, unit);
    char *path = directory ? text_of("%s/" FILE_NAME, directory) : NULL;
    free(directory);
    return path;
}

/* A link to the file that comes with the tool, which the documentation has long told people to make. */
static bool leads_to_installed(const char *path)
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target);
    size_t tail = sizeof INSTALLED - 1;
    return length > 0 && (size_t)length >= tail && memcmp(target + length - tail, INSTALLED, tail) == 0;
}

enum drop_in_kind drop_in_kind(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return DROP_IN_NONE;
    if (S_ISLNK(status.st_mode))
        return leads_to_installed(path) ? DROP_IN_OURS : DROP_IN_SOMEBODYS;
    char *text = file_read(path, NULL);
    bool ours = text && strncmp(text, FIRST_WORDS, sizeof FIRST_WORDS - 1) == 0;
    free(text);
    return ours ? DROP_IN_OURS : DROP_IN_SOMEBODYS;
}

static char *directory_of(const char *path)
{
    return text_of("%.*s", (int)(strrchr(path, '/') - path), path);
}

bool drop_in_write(const char *path, const char *text)
{
    char *directory = directory_of(path);
    bool done = file_make_directories(directory);
    free(directory);
    /* Not through a link, which leads to the installed file. */
    struct stat status;
    if (done && lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
        done = file_remove(path);
    return done && file_replace(path, text, strlen(text));
}

bool drop_in_remove(const char *path)
{
    char *directory = directory_of(path);
    bool done = file_remove(path);
    int reason = errno;
    (void)rmdir(directory);
    free(directory);
    errno = reason;
    return done;
}

/* An entry of Environment=, quoted as systemd.syntax(7) and systemd.exec(5) want it. */
static char *quoted(const char *name, const char *value)
{
    char *text = text_of("\"%s=", name);
    for (; *value; value++) {
        const char *before = *value == '"' || *value == '\\' ? "\\" : *value == '%' ? "%" : "";
        char *longer = text_of("%s%s%c", text, before, *value);
        free(text);
        text = longer;
    }
    char *whole = text_of("Environment=%s\"\n", text);
    free(text);
    return whole;
}

char *drop_in_text(const struct drop_in_content *content)
{
    char *preload = quoted("LD_PRELOAD", content->preload);
    char *options = content->options ? quoted("COMPATMALLOC_OPTIONS", content->options) : text_of("%s", "");
    char *text = text_of(FIRST_WORDS " enable; 'compatmallocctl disable %s' removes it.\n"
                                     "[Service]\n%s%s%s%s%s",
                         content->unit, preload, options, content->check ? "ExecStartPost=" : "",
                         content->check ? content->check : "", content->check ? "\n" : "");
    free(preload);
    free(options);
    return text;
}
