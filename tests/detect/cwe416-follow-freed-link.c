/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A list is freed while it is walked: the link read from a freed element is no address.
 *
 * expect: fault
 * sizes: 16 40 100 1000
 * needs: poison-on-free
 */
#include "misuse.h"

struct element {
    struct element *next;
    int value;
};

static volatile int sum;

static struct element *make_list(size_t size)
{
    struct element *head = NULL;
    for (size_t i = 0; i < 10; i++) {
        struct element *element = must(malloc(size));
        element->next = head;
        element->value = (int)i;
        head = element;
    }
    return head;
}

static void bad(size_t size)
{
    for (struct element *element = make_list(size); element != NULL; element = element->next) {
        sum += element->value;
        free(element);
        element = opaque(element);
    }
}

static void good(size_t size)
{
    for (struct element *element = make_list(size), *next = NULL; element != NULL; element = next) {
        next = element->next;
        sum += element->value;
        free(element);
    }
}
