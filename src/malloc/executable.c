/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "executable.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

struct image {
    const Elf64_Phdr *headers;
    size_t count;
    uintptr_t moved_by; /* from where its file would have it */
};

const char *executable_started_as(void)
{
    return (const char *)getauxval(AT_EXECFN);
}

static const Elf64_Phdr *find_header(const struct image *image, Elf64_Word type)
{
    for (size_t i = 0; i < image->count; i++)
        if (image->headers[i].p_type == type)
            return &image->headers[i];
    return NULL;
}

/* Programs at fixed addresses need not say where their headers are: they are not moved. */
static struct image executable(void)
{
    struct image image = {(const Elf64_Phdr *)getauxval(AT_PHDR), getauxval(AT_PHNUM), 0};
    if (!image.headers || getauxval(AT_PHENT) != sizeof *image.headers)
        image.count = 0;
    const Elf64_Phdr *of_headers = find_header(&image, PT_PHDR);
    if (of_headers)
        image.moved_by = (uintptr_t)image.headers - of_headers->p_vaddr;
    return image;
}

bool executable_holds(uintptr_t address, uintptr_t *in_file)
{
    struct image image = executable();
    *in_file = address - image.moved_by;
    for (size_t i = 0; i < image.count; i++) {
        const Elf64_Phdr *header = &image.headers[i];
        if (header->p_type == PT_LOAD && *in_file - header->p_vaddr < header->p_memsz)
            return true;
    }
    return false;
}

/* What its dynamic section points to. The linker has made addresses of some entries, and left others alone.
 */
struct tables {
    const Elf64_Sym *symbols;
    const char *names;
    const Elf64_Rela *calls, *data;
    size_t names_size, calls_size, data_size, unnamed; /* unnamed: entries of data in front */
    const struct r_debug *for_debuggers;               /* the linker's list of what it has loaded */
};

static const void *resolve(const struct image *image, Elf64_Addr value)
{
    return (const void *)(value < image->moved_by ? value + image->moved_by : value);
}

static struct tables tables_of(const struct image *image)
{
    struct tables tables = {0};
    const Elf64_Phdr *header = find_header(image, PT_DYNAMIC);
    if (!header)
        return tables;
    const Elf64_Dyn *entry = (const Elf64_Dyn *)(image->moved_by + header->p_vaddr);
    for (; entry->d_tag != DT_NULL; entry++) {
        const void *table = resolve(image, entry->d_un.d_ptr);
        size_t size = entry->d_un.d_val;
        switch (entry->d_tag) {
        case DT_SYMTAB:
            tables.symbols = table;
            break;
        case DT_STRTAB:
            tables.names = table;
            break;
        case DT_STRSZ:
            tables.names_size = size;
            break;
        case DT_JMPREL:
            tables.calls = table;
            break;
        case DT_PLTRELSZ:
            tables.calls_size = size;
            break;
        case DT_RELA:
            tables.data = table;
            break;
        case DT_RELASZ:
            tables.data_size = size;
            break;
        case DT_RELACOUNT:
            tables.unnamed = size;
            break;
        case DT_DEBUG:
            tables.for_debuggers = (const struct r_debug *)entry->d_un.d_ptr;
            break;
        default:
            break;
        }
    }
    return tables;
}

static bool any_of(const struct tables *tables, const Elf64_Rela *entries, size_t from, size_t bytes,
                   bool (*is_it)(const char *name))
{
    for (size_t i = from; entries && i < bytes / sizeof *entries; i++) {
        size_t symbol = ELF64_R_SYM(entries[i].r_info);
        if (symbol == 0)
            continue;
        size_t name = tables->symbols[symbol].st_name;
        if (name < tables->names_size && is_it(tables->names + name))
            return true;
    }
    return false;
}

bool executable_uses(bool (*is_it)(const char *name))
{
    struct image image = executable();
    struct tables tables = tables_of(&image);
    return tables.symbols && tables.names &&
           (any_of(&tables, tables.calls, 0, tables.calls_size, is_it) ||
            any_of(&tables, tables.data, tables.unnamed, tables.data_size, is_it));
}

static bool is_file_called(const char *path, const char *name)
{
    const char *file = path + strlen(path);
    while (file > path && file[-1] != '/')
        file--;
    return strncmp(file, name, strlen(name)) == 0;
}

bool executable_has_loaded(const char *name)
{
    struct image image = executable();
    struct tables tables = tables_of(&image);
    const struct link_map *library = tables.for_debuggers ? tables.for_debuggers->r_map : NULL;
    while (library && !is_file_called(library->l_name, name))
        library = library->l_next;
    return library != NULL;
}
