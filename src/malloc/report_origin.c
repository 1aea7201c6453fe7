/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report_origin.h"

#include <elf.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>

#include "constants.h"
#include "executable.h"
#include "system.h"

/* What was last read from the kernel. Room for the longest line of maps: five numbers and a path. */
SELDOM static char window[PATH_MAX + 256];

void report_put_program(struct text *text)
{
    ssize_t length = system_readlink("/proc/self/exe", window, sizeof window);
    if (length > 0)
        text_quoted(text, window, (size_t)length);
    else
        report_put_program_from_start(text);
}

static const char *program_from_start(void)
{
    return constants.program[0] ? constants.program : executable_started_as();
}

void report_put_program_from_start(struct text *text)
{
    const char *path = program_from_start();
    if (path)
        text_quoted(text, path, strlen(path));
}

/* --- /proc/self/cgroup ------------------------------------------------------------------------ */

/* "0::/system.slice/nginx.service", or where the first version of control groups is in use,
 * "1:name=systemd:/system.slice/nginx.service"; lines of other hierarchies have nothing to do with systemd.
 */
static const char *path_of_cgroup(const char *line, const char *end)
{
    static const char *const beginnings[] = {":", "name=systemd:"};
    const char *colon = memchr(line, ':', (size_t)(end - line));
    for (unsigned i = 0; colon && i < sizeof beginnings / sizeof *beginnings; i++) {
        size_t length = strlen(beginnings[i]);
        if ((size_t)(end - colon - 1) > length && memcmp(colon + 1, beginnings[i], length) == 0)
            return colon + 1 + length;
    }
    return NULL;
}

static size_t read_whole(const char *path)
{
    int fd = system_open(path, O_RDONLY | O_CLOEXEC);
    size_t held = 0;
    ssize_t got = 0;
    while (fd >= 0 && (got = system_read(fd, window + held, sizeof window - held)) > 0)
        held += (size_t)got;
    if (fd >= 0)
        system_close(fd);
    return held;
}

void report_put_cgroup(struct text *text)
{
    const char *end = window + read_whole("/proc/self/cgroup"), *newline, *longest = NULL;
    size_t length = strlen("/");
    for (const char *line = window; (newline = memchr(line, '\n', (size_t)(end - line)));
         line = newline + 1) {
        const char *path = path_of_cgroup(line, newline);
        if (path && (size_t)(newline - path) > length) {
            longest = path;
            length = (size_t)(newline - path);
        }
    }
    if (longest)
        text_quoted(text, longest, length);
}

/* --- /proc/self/maps -------------------------------------------------------------------------- */

/* One line of it. `path` points into the line and is empty for anonymous memory. */
struct mapping {
    uintptr_t start, end, file_offset, device, inode;
    const char *path;
    size_t path_length;
};

/* Reads digits up to the first byte that is none, and steps over that byte. */
static uintptr_t take_number(const char **at, const char *end, unsigned base)
{
    uintptr_t number = 0;
    while (*at < end) {
        char c = *(*at)++;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 16;
        if (digit >= base)
            break;
        number = number * base + digit;
    }
    return number;
}

/* "55d0c000-55d0e000 r-xp 00002000 fe:00 1234    /usr/bin/true" */
static struct mapping parse_mapping(const char *line, const char *end)
{
    static const size_t permissions_and_blank = 5;
    struct mapping m = {.start = take_number(&line, end, 16)};
    m.end = take_number(&line, end, 16);
    line += (size_t)(end - line) < permissions_and_blank ? (size_t)(end - line) : permissions_and_blank;
    m.file_offset = take_number(&line, end, 16);
    m.device = take_number(&line, end, 16) << 20;
    m.device |= take_number(&line, end, 16);
    m.inode = take_number(&line, end, 10);
    while (line < end && *line == ' ')
        line++;
    m.path = line;
    m.path_length = (size_t)(end - line);
    return m;
}

/* Addresses in a program linked to a fixed address are already those of its file. */
static bool has_fixed_address(uintptr_t image_start)
{
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)image_start;
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_type == ET_EXEC;
}

/* The rest of the report matters more than the whole of an absurdly long path. */
static void put_path(struct text *text, const char *path, size_t length)
{
    enum {
        LONGEST = 1024
    };
    text_quoted(text, path, length < LONGEST ? length : LONGEST);
}

static void put_module(struct text *text, const struct mapping *m, const struct mapping *image,
                       uintptr_t address)
{
    bool same_file = image->start != 0 && m->inode == image->inode && m->device == image->device;

    put_path(text, m->path, m->path_length);
    text_string(text, "+");
    if (!same_file)
        text_hex(text, address - m->start + m->file_offset);
    else if (has_fixed_address(image->start))
        text_hex(text, address);
    else
        text_hex(text, address - image->start);
}

/*
 * Looks at each line in turn. *image is the last mapping of a file's beginning: the one that holds the ELF
 * header of the module whose other mappings follow it.
 */
static bool put_if_inside(struct text *text, struct mapping *image, const char *line, const char *end,
                          uintptr_t address)
{
    struct mapping m = parse_mapping(line, end);
    if (m.file_offset == 0 && m.inode != 0)
        *image = m;
    if (address < m.start || address >= m.end || m.path_length == 0)
        return false;
    put_module(text, &m, image, address);
    return true;
}

static bool put_module_of(struct text *text, int maps, uintptr_t address)
{
    struct mapping image = {0};
    size_t held = 0;

    for (;;) {
        ssize_t got = system_read(maps, window + held, sizeof window - held);
        if (got <= 0)
            return false;
        held += (size_t)got;
        const char *line = window, *newline;
        while ((newline = memchr(line, '\n', held - (size_t)(line - window)))) {
            if (put_if_inside(text, &image, line, newline, address))
                return true;
            line = newline + 1;
        }
        held -= (size_t)(line - window);
        memmove(window, line, held);
    }
}

/* A call that is the last instruction of its function returns to the next function. */
static uintptr_t address_of_call(const void *return_address)
{
    return (uintptr_t)return_address - 1;
}

void report_put_call_site_of_program(struct text *text, const void *return_address)
{
    const char *path = program_from_start();
    uintptr_t in_file;
    if (!path || !executable_holds(address_of_call(return_address), &in_file))
        return;
    put_path(text, path, strlen(path));
    text_string(text, "+");
    text_hex(text, in_file);
}

void report_put_call_site(struct text *text, const void *return_address)
{
    uintptr_t address = address_of_call(return_address);
    int maps = system_open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    bool found = maps >= 0 && put_module_of(text, maps, address);

    if (maps >= 0)
        system_close(maps);
    size_t before = text->used;
    if (!found)
        report_put_call_site_of_program(text, return_address);
    if (!found && text->used == before)
        text_hex(text, address);
}
