/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CVE-2023-6246, glibc 2.36 and 2.37: a log message whose header alone does not fit the buffer on the stack
 * is written to a block for which no size was ever computed.
 *
 * The header begins with the program's name, which whoever starts the program chooses. The size is how long
 * it is; below 1024 all is well.
 *
 * expect: heap-buffer-overflow | fault
 * expect from 70000: fault
 * sizes: 1100 2000 20000 70000 128000
 * needs: canaries guard-pages
 */
#include "attack.h"

struct module {
    char path[24];
};

static void send_to_daemon(const char *text)
{
    (void)opaque(text);
}

static void log_message(const char *program, const char *message)
{
    char buffer[1024], *text = buffer;
    size_t needed = 0;
    int header = snprintf(buffer, sizeof buffer, "<38>%s: ", program);
    if ((size_t)header < sizeof buffer) {
        size_t room = sizeof buffer - (size_t)header;
        int body = snprintf(buffer + header, room, "%s", message);
        if ((size_t)body >= room) {
            needed = (size_t)header + (size_t)body;
            text = NULL;
        }
    } else {
        /* The mistake: here, too, `needed` has to be computed. */
        text = NULL;
    }
    if (text == NULL) {
        text = must(malloc(opaque_size(needed + 1)));
        header = snprintf(opaque(text), (size_t)header + 1, "<38>%s: ", program);
        snprintf(opaque(text + header), strlen(message) + 1, "%s", message);
    }
    send_to_daemon(text);
    if (text != buffer)
        free(text);
}

/* They stay to the end of the program. */
static struct module *next;
static void *others;

/* What su does: an attempt fails, that is logged, then modules and sources of users are looked up again. */
static void log_failure(const char *program)
{
    void *hole = must(malloc(sizeof(struct module)));
    next = must(calloc(1, sizeof *next));
    others = must(malloc(100000));
    strcpy(next->path, "pam_deny.so");
    free(hole);
    log_message(program, "authentication failure");
    const char *path = opaque(next->path);
    if (path[0] == '/')
        attacker("root loads %.40s", path + strspn(path, "/") - 1);
}

static void bad(size_t size)
{
    /* A path that may begin with any number of slashes is the same wherever in them the neighbour's name
     * begins. */
    char *program = must(malloc(size + 1));
    memset(program, '/', size);
    program[size] = '\0';
    const char tail[] = "/tmp/evil.so";
    memcpy(program + size - strlen(tail), tail, strlen(tail));
    log_failure(program);
}

static void good(size_t size)
{
    char *message = must(malloc(size + 1));
    memset(message, 'm', size);
    message[size] = '\0';
    log_message("su", message);
    log_failure("su");
    free(message);
}
