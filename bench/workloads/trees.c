/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Build and tear down binary trees: many blocks of one size, walked in the order they were made. */
#include "workload.h"

struct node {
    struct node *left, *right;
    long value;
};

static struct node *grow(unsigned depth)
{
    struct node *node = must(malloc(sizeof *node));
    node->value = depth;
    node->left = depth > 0 ? grow(depth - 1) : NULL;
    node->right = depth > 0 ? grow(depth - 1) : NULL;
    return node;
}

static long sum(const struct node *node)
{
    return node == NULL ? 0 : node->value + sum(node->left) + sum(node->right);
}

static void fell(struct node *node)
{
    if (node != NULL) {
        fell(node->left);
        fell(node->right);
        free(node);
    }
}

int main(void)
{
    long total = 0;
    struct node *kept = grow(17);
    for (size_t i = 0; i < 300; i++) {
        struct node *tree = grow(13);
        total += sum(tree);
        fell(tree);
    }
    total += sum(kept);
    fell(kept);
    return total == 0;
}
