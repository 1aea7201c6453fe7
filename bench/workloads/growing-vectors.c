/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Arrays that grow by realloc, element by element and by half of their size, to a few hundred KiB. */
#include "workload.h"

int main(void)
{
    for (size_t round = 0; round < 30; round++) {
        char *text = NULL;
        for (size_t size = 16; size < 60000; size += 24) {
            text = must(realloc(text, size));
            text[size - 1] = 'x';
        }
        free(text);
        long *numbers[32] = {NULL};
        size_t capacity = 8;
        for (size_t count = 0; count < 40000; count++) {
            if (count == capacity || count == 0) {
                capacity += capacity / 2;
                for (size_t i = 0; i < 32; i++)
                    numbers[i] = must(realloc(numbers[i], capacity * sizeof(long)));
            }
            numbers[count % 32][count] = (long)count;
        }
        for (size_t i = 0; i < 32; i++)
            free(numbers[i]);
    }
    return 0;
}
