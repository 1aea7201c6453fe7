/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Print the features in force in a process, as the library names them. */
#include <stdio.h>

#include "compatmalloc.h"

#pragma weak compatmalloc_features_string

int main(void)
{
    if (compatmalloc_features_string == NULL)
        return 2;
    puts(compatmalloc_features_string());
    return 0;
}
