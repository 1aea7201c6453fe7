/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* forks COUNT: so many children, one after the other, and each frees a block twice and exits. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "opaque.h"

int main(int argc, char **argv)
{
    free(opaque(
        malloc(1))); /* a process starts with its first allocation; then this one is parent to the others */
    for (int left = argc == 2 ? atoi(argv[1]) : 0; left > 0; left--) {
        pid_t child = fork();
        if (child == 0) {
            void *block = malloc(40);
            free(opaque(block));
            free(opaque(block));
            exit(0);
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
            return 1;
    }
    return 0;
}
