/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A process that a library locks in (libseccomp.c), while the program itself uses nothing that could. The
 * first block comes after that, and is freed twice.
 */
#include "opaque.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
    void *found = dlsym(RTLD_DEFAULT, "lock_process_in");
    int (*lock_process_in)(void) = NULL;
    *(void **)&lock_process_in = found;
    if (!lock_process_in || lock_process_in() != 0)
        return 2;
    char *block = malloc(100);
    free(block);
    free(opaque(block));
    _exit(3);
}
