/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * write-settings: tries to write to every page of what is to be read-only in the library after its start, in
 * which the settings, the secrets and the table of functions are. Prints how many pages let it.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int can_write(volatile char *at)
{
    pid_t child = fork();
    if (child == 0) {
        *at = *at;
        _exit(0);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status);
}

int main(void)
{
    Dl_info info;
    struct link_map *map;
    if (!dladdr1((void *)(size_t)malloc, &info, (void **)&map, RTLD_DL_LINKMAP))
        return 1;
    const ElfW(Ehdr) *header = info.dli_fbase;
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(const void *)((const char *)header + header->e_phoff);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int pages = 0, writable = 0;
    for (int i = 0; i < header->e_phnum; i++, segment++)
        for (size_t at = 0; segment->p_type == PT_GNU_RELRO && at < segment->p_memsz; at += page) {
            pages++;
            writable += can_write((volatile char *)(map->l_addr + segment->p_vaddr + at));
        }
    printf("%d of %d pages are writable\n", writable, pages);
    return 0;
}
