/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "library.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl.h"
#include "spawn.h"

const char *library_to_preload(void)
{
    static char path[PATH_MAX + sizeof LIBRARY_NAME];
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length < 0)
        return LIBRARY_NAME;
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return LIBRARY_NAME;
    memcpy(slash + 1, LIBRARY_NAME, sizeof LIBRARY_NAME);
    return access(path, F_OK) == 0 ? path : LIBRARY_NAME;
}

bool library_is(const char *name, size_t length)
{
    static const char stem[] = "libcompatmalloc.so";
    const char *slash = memrchr(name, '/', length);
    size_t skip = slash ? (size_t)(slash + 1 - name) : 0;
    return length - skip >= sizeof stem - 1 && strncmp(name + skip, stem, sizeof stem - 1) == 0;
}

char *library_trouble(void)
{
    char *preload = text_of("LD_PRELOAD=%s", library_to_preload());
    struct outcome outcome = spawn((const char *[]){"true", NULL}, (const char *[]){preload, NULL});
    free(preload);
    char *reason = NULL;
    if (outcome.status == -1)
        reason = text_of("'true' does not end under it");
    else if (!WIFEXITED(outcome.status))
        reason = text_of("'true' is killed by signal %d (%s) under it", WTERMSIG(outcome.status),
                         strsignal(WTERMSIG(outcome.status)));
    else if (WEXITSTATUS(outcome.status) != 0 || strstr(outcome.errors, "libcompatmalloc"))
        reason = text_of("%.*s", (int)strcspn(outcome.errors, "\n"), outcome.errors);
    free(outcome.errors);
    return reason;
}

char **library_files(void)
{
    static glob_t found;
    if (!found.gl_pathv) {
        static const char *const places[] = {"/usr/lib/", "/usr/lib64/", "/usr/lib32/", "/usr/libx32/",
                                             "/usr/lib/*-*/"};
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            char *pattern = text_of("%s" LIBRARY_NAME, places[i]);
            glob(pattern, i == 0 ? GLOB_NOCHECK : GLOB_APPEND, NULL, &found);
            free(pattern);
        }
        /* The first place is there whether the library is or not, so that there is a list at all. */
        if (access(found.gl_pathv[0], F_OK) != 0)
            found.gl_pathv++;
    }
    return found.gl_pathv;
}
