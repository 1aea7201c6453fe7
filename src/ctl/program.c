/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "program.h"

#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ctl.h"
#include "file.h"
#include "library.h"

#define SCRIPTS_DEEP 5

struct head {
    char bytes[4096];
    size_t length;
};

static bool read_head(const char *path, struct head *head)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    head->length = fread(head->bytes, 1, sizeof head->bytes - 1, file);
    head->bytes[head->length] = '\0';
    fclose(file);
    return true;
}

static bool is_elf(const struct head *head)
{
    return head->length >= sizeof(Elf64_Ehdr) && memcmp(head->bytes, ELFMAG, SELFMAG) == 0;
}

/* The two classes differ in nothing but the sizes of fields. */
#define FIND_LOADER(EHDR, PHDR)                                                                              \
    const EHDR *elf = (const EHDR *)(const void *)head->bytes;                                               \
    for (size_t i = 0; i < elf->e_phnum; i++) {                                                              \
        size_t at = elf->e_phoff + i * elf->e_phentsize;                                                     \
        if (elf->e_phentsize != sizeof(PHDR) || at + sizeof(PHDR) > head->length)                            \
            break;                                                                                           \
        const PHDR *header = (const PHDR *)(const void *)(head->bytes + at);                                 \
        if (header->p_type == PT_INTERP && header->p_offset + header->p_filesz <= head->length)              \
            return text_of("%.*s", (int)header->p_filesz, head->bytes + header->p_offset);                   \
    }                                                                                                        \
    return NULL

static char *loader_of_64(const struct head *head)
{
    FIND_LOADER(Elf64_Ehdr, Elf64_Phdr);
}

static char *loader_of_32(const struct head *head)
{
    FIND_LOADER(Elf32_Ehdr, Elf32_Phdr);
}

static char *loader_of(const struct head *head)
{
    return head->bytes[EI_CLASS] == ELFCLASS64 ? loader_of_64(head) : loader_of_32(head);
}

char *program_loader(const char *path)
{
    struct head head __attribute__((aligned(16)));
    return read_head(path, &head) && is_elf(&head) ? loader_of(&head) : NULL;
}

/* Whether a file of the library is of this program's kind. */
static bool has_library(const char *root, const struct head *program)
{
    for (char **file = library_files(); *file; file++) {
        struct head library __attribute__((aligned(16)));
        char *inside = text_of("%s%s", root, *file);
        bool fits = read_head(inside, &library) && is_elf(&library) &&
                    library.bytes[EI_CLASS] == program->bytes[EI_CLASS] &&
                    ((const Elf64_Ehdr *)(const void *)library.bytes)->e_machine ==
                        ((const Elf64_Ehdr *)(const void *)program->bytes)->e_machine;
        free(inside);
        if (fits)
            return true;
    }
    return false;
}

static char *obstacle_of_elf(const char *root, const char *path, const struct head *head)
{
    char *loader = loader_of(head);
    char *reason = NULL;
    if (!loader)
        reason = text_of(
            "%s is linked statically, so no dynamic loader puts a library into it; it would have to be "
            "linked with " LIBRARY_NAME,
            path);
    else if (strstr(loader, "musl"))
        reason = text_of("%s is made for the C library musl; compatmalloc needs glibc", path);
    else if (!has_library(root, head))
        reason =
            text_of("%s needs a " LIBRARY_NAME " for its own architecture%s, and none is installed%s%s", path,
                    head->bytes[EI_CLASS] == ELFCLASS32 ? " (32 bits)" : "", *root ? " below " : "", root);
    free(loader);
    return reason;
}

/* The dynamic loader distrusts the environment of a program that has more rights than who starts it. */
static char *obstacle_of_rights(const char *path, const char *file)
{
    struct stat status;
    if (stat(file, &status) != 0)
        return NULL;
    if (status.st_mode & (S_ISUID | S_ISGID))
        return text_of(
            "%s is a set-user-ID or set-group-ID program, for which the dynamic loader ignores LD_PRELOAD; "
            "'system enable' reaches it",
            path);
    if (getxattr(file, "security.capability", NULL, 0) > 0)
        return text_of(
            "%s has file capabilities, for which the dynamic loader ignores LD_PRELOAD; give them to the "
            "unit by AmbientCapabilities= instead, or use 'system enable'",
            path);
    return NULL;
}

static char *interpreter_of(const struct head *head)
{
    const char *start = head->bytes + 2 + strspn(head->bytes + 2, " \t");
    return text_of("%.*s", (int)strcspn(start, " \t\r\n"), start);
}

static char *obstacle(const char *root, const char *path, int depth)
{
    struct head head __attribute__((aligned(16)));
    char *file = text_of("%s%s", root, path);
    char *reason = NULL;
    if (!read_head(file, &head))
        reason = text_of("%s cannot be read, so whether it could load the library is not known", file);
    else if (head.length > 2 && head.bytes[0] == '#' && head.bytes[1] == '!' && depth < SCRIPTS_DEEP) {
        char *interpreter = interpreter_of(&head);
        reason = obstacle(root, interpreter, depth + 1);
        free(interpreter);
    } else if (is_elf(&head)) {
        reason = obstacle_of_elf(root, path, &head);
        if (!reason)
            reason = obstacle_of_rights(path, file);
    }
    free(file);
    return reason;
}

char *program_obstacle(const char *root, const char *path)
{
    return obstacle(root, path, 0);
}
