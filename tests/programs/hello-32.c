/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A 32-bit program that allocates. Without libc's headers and start files, which 64-bit machines rarely have
 * for it. */
int printf(const char *format, ...);
void *malloc(unsigned size);
void free(void *block);
void exit(int status) __attribute__((noreturn));

void _start(void);

__attribute__((force_align_arg_pointer)) void _start(void)
{
    void *block = malloc(100);
    printf("%d bits\n", 8 * (int)sizeof block);
    free(block);
    exit(0);
}
