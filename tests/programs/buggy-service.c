/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A service with a bug that no user of it would notice: it copies each message to a block of exactly the
 * message's length, and then appends a newline. With a message of 100 characters glibc's malloc happens to
 * leave room for it, so the byte after the end is written for years; a hardened allocator stops the program
 * when the block is freed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MESSAGE_LENGTH = 100
};

/* Not inlined, and the length not a constant: the compiler would see the bug as well. */
__attribute__((noinline)) static char *with_newline(const char *message, size_t length)
{
    char *line = malloc(length);
    if (line == NULL) {
        perror("buggy-service: malloc");
        exit(EXIT_FAILURE);
    }
    memcpy(line, message, length);
    line[length] = '\n';
    return line;
}

int main(void)
{
    char message[MESSAGE_LENGTH + 1];
    memset(message, '.', MESSAGE_LENGTH);
    message[MESSAGE_LENGTH] = '\0';
    memcpy(message, "buggy-service: request handled", strlen("buggy-service: request handled"));

    char *line = with_newline(message, strlen(message));
    fwrite(line, 1, strlen(message) + 1, stdout);
    fflush(stdout);
    free(line);

    puts("buggy-service: waiting for the next request");
    fflush(stdout);
    for (;;)
        pause();
}
