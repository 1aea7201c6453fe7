/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CVE-2014-0160, OpenSSL 1.0.1 to 1.0.1f: the answer to a heartbeat carries as many bytes back as the request
 * says that it brought, whether it did or not.
 */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

#include "attack.h"

#define PADDING 16

struct response {
    size_t length;
    char bytes[];
};

static struct response *heartbeat(const unsigned char *record)
{
    /* The mistake: nothing compares the length in the request with that of the record. */
    size_t claimed = (size_t)record[1] << 8 | record[2];
    struct response *response = must(malloc(sizeof *response + 3 + claimed + PADDING));
    response->length = 3 + claimed + PADDING;
    memcpy(response->bytes, (const char[]){2, (char)record[1], (char)record[2]}, 3);
    memcpy(opaque(response->bytes + 3), opaque(record + 3), opaque_size(claimed));
    memset(response->bytes + 3 + claimed, 0, PADDING);
    return response;
}

static void receive_heartbeat(unsigned char *buffer, size_t claimed, size_t sent)
{
    buffer[0] = 1;
    buffer[1] = (unsigned char)(claimed >> 8);
    buffer[2] = (unsigned char)claimed;
    memset(buffer + 3, 'h', sent);
}

/* One connection: a buffer, what else the server keeps in memory, an earlier record, the heartbeat. */
static void serve(size_t buffer_size, const char *earlier_record, size_t claimed, size_t sent)
{
    static const char *const secrets[] = {"session=alice", "password=hunter2"};
    unsigned char *buffer = must(malloc(buffer_size));
    char *other_session = must(malloc(buffer_size));
    strcpy(other_session, secrets[0]);
    strcpy((char *)buffer + 200, earlier_record);
    receive_heartbeat(buffer, claimed, sent);
    struct response *response = heartbeat(buffer);
    for (size_t i = 0; i < 2; i++)
        if (memmem(response->bytes, response->length, secrets[i], strlen(secrets[i])) != NULL)
            attacker("the answer holds %s", secrets[i]);
    free(response);
    free(other_session);
    free(buffer);
}

#endif
