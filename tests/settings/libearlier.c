/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A library that has a handler of SIGSEGV before anybody else. */
#include <signal.h>
#include <unistd.h>

static void earlier_handler(int number)
{
    static const char text[] = "earlier handler\n";
    (void)!write(STDOUT_FILENO, text, sizeof text - 1);
    _exit(number == SIGSEGV ? 5 : 6);
}

__attribute__((constructor)) static void install(void)
{
    signal(SIGSEGV, earlier_handler);
}
