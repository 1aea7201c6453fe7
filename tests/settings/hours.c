/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* hours: frees one block twice again and again, for some hours by the clock that it shows to the library. */
#include <stdlib.h>

#include "hasty-clock.h"
#include "opaque.h"

int main(void)
{
    void *block = malloc(40);
    free(opaque(block));
    for (int i = 0; i < 10000; i++)
        free(opaque(block));
    return 0;
}
