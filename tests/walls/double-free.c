/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A block freed twice: what a sandbox leaves of the report is for the caller to see. */
#include "opaque.h"

#include <stdlib.h>

int main(void)
{
    char *block = malloc(100);
    free(block);
    free(opaque(block));
    return 3;
}
