/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CVE-2023-25136, OpenSSH 9.1: a list that belongs to the options is freed when a client names itself as one
 * that needs a shorter list, and freed again later, when whatever was allocated in between may lie there.
 *
 * The size is how many blocks as large as the list are allocated and freed between the two.
 *
 * expect: double-free
 * sizes: 0 1 16 32
 * needs: quarantine
 */
#include "attack.h"

#define LIST "curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group-exchange-sha256"

struct cipher {
    void (*decrypt)(void);
    char key[sizeof LIST - sizeof(void (*)(void))];
};

struct options {
    char *kex_algorithms;
};

static void decrypt_with_aes(void)
{
}

static void attackers_code(void)
{
    attacker("the server runs whatever is at the address that was sent");
}

/* The list without the last method, for clients that get it wrong. */
static char *list_for(const char *client, char *list)
{
    if (strncmp(client, "PuTTY_Release_0.64", 18) != 0)
        return strdup(list);
    char *shorter = strdup(list);
    *strrchr(shorter, ',') = '\0';
    /* The mistake: this was meant for a copy made here, and is the caller's. */
    free(opaque(list));
    return shorter;
}

static void connection(const char *client, size_t churned)
{
    struct options options = {strdup(LIST)};
    char *proposal = list_for(client, options.kex_algorithms);
    for (size_t i = 0; i < churned; i++)
        free(opaque(must(malloc(sizeof LIST))));
    struct cipher *cipher = must(malloc(sizeof *cipher));
    memset(cipher, 0, sizeof *cipher);
    cipher->decrypt = decrypt_with_aes;
    /* The options are put together anew for the user who logs in. */
    char *assembled = strdup(LIST);
    free(opaque(options.kex_algorithms));
    options.kex_algorithms = assembled;

    /* And as the name of that user, the client sends what is to be in the cipher's place. */
    struct cipher sent = {.decrypt = attackers_code};
    void *name = must(malloc(sizeof sent));
    memcpy(name, &sent, sizeof sent);
    ((struct cipher *)opaque(cipher))->decrypt();

    free(name);
    free(options.kex_algorithms);
    free(proposal);
    free(cipher);
}

static void bad(size_t size)
{
    connection("PuTTY_Release_0.64", size);
}

static void good(size_t size)
{
    connection("OpenSSH_9.1", size);
}
