/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CVE-2016-6309, OpenSSL 1.1.0a: a message that is longer than the buffer makes the buffer move, but the
 * pointer to where the message goes still leads to the old place, and what the client sends is written there.
 *
 * The size is the buffer's; it was 16 KiB. The larger buffer is of another size class with each of them.
 *
 * expect: write-after-free
 * expect from 131073: fault
 * expect strict: write-after-free
 * expect strict from 131073: fault
 * sizes: 1000 16384 112000 200000
 * needs: quarantine poison-on-free write-after-free-check
 */
#include "attack.h"

struct connection {
    char *buffer;
    size_t buffer_size;
    char *message; /* where the body of the message goes: into the buffer, behind its header */
};

struct session {
    char padding[16];
    char role[48];
};

#define HEADER 4

static void receive_header(struct connection *connection, size_t message_length)
{
    connection->message = connection->buffer + HEADER;
    if (HEADER + message_length > connection->buffer_size) {
        /* Not realloc: the old block is to be cleared, it may hold keys. */
        char *larger = must(malloc(HEADER + message_length));
        memcpy(larger, connection->buffer, connection->buffer_size);
        memset(opaque(connection->buffer), 0, connection->buffer_size);
        free(connection->buffer);
        connection->buffer = larger;
        connection->buffer_size = HEADER + message_length;
        /* The mistake: connection->message has to move, too. */
    }
}

static void receive_body(struct connection *connection, const char *body, size_t length)
{
    memcpy(opaque(connection->message), opaque(body), length);
}

static void handshake(size_t buffer_size, size_t message_length)
{
    struct connection connection = {.buffer = must(malloc(buffer_size)), .buffer_size = buffer_size};
    void *next_to_it = must(malloc(64));
    char body[256];
    memset(body, 0, sizeof body);
    strcpy(body + offsetof(struct session, role) - HEADER, "administrator");

    receive_header(&connection, message_length);
    struct session *session = must(calloc(1, sizeof *session));
    strcpy(session->role, "guest");
    receive_body(&connection, body, sizeof body);
    if (strcmp(opaque(session->role), "guest") != 0)
        attacker("the guest's role is %s", session->role);

    free(session);
    free(next_to_it);
    free(connection.buffer);
}

static void bad(size_t size)
{
    handshake(size, size + 4000);
    /* Other clients' connections. */
    churn(size);
}

static void good(size_t size)
{
    handshake(size, size - HEADER);
    churn(size);
}
