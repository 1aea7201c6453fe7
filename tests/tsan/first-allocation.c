/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pthread_create() allocates, and so the allocator has started before there is a second thread. Here it is
 * interposed for nobody; then this is the first allocation. */
#include <stdlib.h>

__attribute__((constructor)) static void allocate(void)
{
    free(malloc(1));
}
