/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A library that is loaded with RTLD_DEEPBIND takes malloc and free from the C library, whatever was
 * preloaded, and what the program allocated is then freed by the wrong allocator: PHP loads all its
 * extensions so. So dlopen is called without that flag.
 *
 * The C library's dlopen looks at its return address, to know whose RUNPATH, $ORIGIN and namespace count. So
 * it is not called but jumped to: it returns to whoever called ours.
 */
#include <dlfcn.h>

#include "platform.h"
#include "start.h"

struct next {
    void *function;
    uintptr_t mode; /* the bits of it that are passed on */
};

/* Before glibc 2.34 it was in a library of its own, which may not be there. */
static void *cannot_open(const char *file, int mode)
{
    (void)file;
    (void)mode;
    return NULL;
}

/* The next dlopen behind ours, and what to leave of the mode. */
struct next deep_binding_next(void) __attribute__((visibility("hidden"), used));

struct next deep_binding_next(void)
{
    static void *next;
    void *function = __atomic_load_n(&next, __ATOMIC_RELAXED);
    if (!function) {
        function = dlsym(RTLD_NEXT, "dlopen");
        if (!function)
            function = (void *)cannot_open;
        __atomic_store_n(&next, function, __ATOMIC_RELAXED);
    }
    return (struct next){function, start_is_passthrough() ? UINTPTR_MAX : ~(uintptr_t)RTLD_DEEPBIND};
}

/* void *dlopen(const char *file, int mode). POSIX; RTLD_DEEPBIND is glibc's. */
__asm__(".pushsection .text.deep_binding, \"ax\"\n"
        ".globl dlopen\n"
        ".type dlopen, %function\n"
        ".balign 16\n"
        "dlopen:\n"
        ".cfi_startproc\n"
#if defined(__x86_64__)
        "    endbr64\n"
        "    pushq %rdi\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    pushq %rsi\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    subq $8, %rsp\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    call deep_binding_next\n"
        "    addq $8, %rsp\n"
        "    .cfi_adjust_cfa_offset -8\n"
        "    popq %rsi\n"
        "    .cfi_adjust_cfa_offset -8\n"
        "    popq %rdi\n"
        "    .cfi_adjust_cfa_offset -8\n"
        "    andl %edx, %esi\n"
        "    jmp *%rax\n"
#elif defined(__aarch64__)
        "    stp x0, x1, [sp, #-32]!\n"
        "    .cfi_adjust_cfa_offset 32\n"
        "    str x30, [sp, #16]\n"
        "    .cfi_offset x30, -16\n"
        "    bl deep_binding_next\n"
        "    mov x16, x0\n"
        "    mov x17, x1\n"
        "    ldr x30, [sp, #16]\n"
        "    .cfi_restore x30\n"
        "    ldp x0, x1, [sp], #32\n"
        "    .cfi_adjust_cfa_offset -32\n"
        "    and w1, w1, w17\n"
        "    br x16\n"
#else
#error "dlopen has to be written for this architecture"
#endif
        ".cfi_endproc\n"
        ".size dlopen, . - dlopen\n"
        ".popsection\n");
