/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A shell's life: a process with a heap of its own forks children that change it a little and become other
 * programs. */
#include "workload.h"

int main(void)
{
    enum {
        BLOCKS = 20000
    };
    static void *blocks[BLOCKS];
    char *const arguments[] = {(char *)(uintptr_t) "true", NULL};
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = must(malloc(100));
        touch(blocks[i], 100);
    }
    for (size_t i = 0; i < 250; i++) {
        pid_t child = fork();
        if (child == 0) {
            for (size_t j = 0; j < 200; j++)
                free(blocks[j * 100]);
            touch(must(malloc(5000)), 5000);
            execvp("true", arguments);
            _exit(127);
        }
        if (child < 0 || waitpid(child, NULL, 0) != child)
            _exit(3);
    }
    return 0;
}
