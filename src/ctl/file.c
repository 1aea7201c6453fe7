/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"

char *file_read(const char *path, size_t *length)
{
    FILE *file = fopen(path, "re");
    char *bytes = NULL;
    size_t have = 0, room = 0;
    while (file && !feof(file) && !ferror(file)) {
        if (room - have < 4096) {
            room = 2 * room + 8192;
            char *longer = realloc(bytes, room);
            if (!longer)
                exit(trouble("out of memory"));
            bytes = longer;
        }
        have += fread(bytes + have, 1, room - have - 1, file);
    }
    int reason = errno;
    if (file && (ferror(file) || !bytes)) {
        free(bytes);
        bytes = NULL;
    }
    if (file)
        fclose(file);
    errno = reason;
    if (!bytes)
        return NULL;
    bytes[have] = '\0';
    if (length)
        *length = have;
    return bytes;
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return text_of(".");
    return slash == path ? text_of("/") : text_of("%.*s", (int)(slash - path), path);
}

static bool sync_directory_of(const char *path)
{
    char *directory = directory_of(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    free(directory);
    errno = reason;
    return done;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return true;
}

static bool fill(int fd, const char *bytes, size_t length, const struct stat *old)
{
    return write_all(fd, bytes, length) && (!old || fchown(fd, old->st_uid, old->st_gid) == 0) &&
           fchmod(fd, old ? old->st_mode & 07777 : 0644) == 0 && fsync(fd) == 0;
}

bool file_replace(const char *path, const char *bytes, size_t length)
{
    /* What the administrator made a link stays one. */
    char *real = realpath(path, NULL);
    const char *target = real ? real : path;
    char *directory = directory_of(target);
    /* Hidden, and of a name that no program takes for a file of its own. */
    char *draft = text_of("%s/.compatmallocctl-XXXXXX", directory);
    struct stat status;
    bool is_there = stat(target, &status) == 0;
    int fd = mkostemp(draft, O_CLOEXEC);
    bool done = fd >= 0 && fill(fd, bytes, length, is_there ? &status : NULL) && rename(draft, target) == 0;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && !done)
        unlink(draft);
    errno = reason;
    done = done && sync_directory_of(target);
    reason = errno;
    free(draft);
    free(directory);
    free(real);
    errno = reason;
    return done;
}

bool file_remove(const char *path)
{
    if (unlink(path) != 0)
        return errno == ENOENT;
    return sync_directory_of(path);
}

bool file_make_directories(const char *path)
{
    char *part = text_of("%s", path);
    bool done = true;
    for (char *at = part + 1; done; at++) {
        char here = *at;
        if (here != '/' && here != '\0')
            continue;
        *at = '\0';
        done = mkdir(part, 0755) == 0 || errno == EEXIST;
        *at = here;
        if (here == '\0')
            break;
    }
    int reason = errno;
    free(part);
    errno = reason;
    return done;
}
