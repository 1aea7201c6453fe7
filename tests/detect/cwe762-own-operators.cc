/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A program with operators of its own, which keep something in front of each object: that free is given what
 * they made is found, and the operators themselves are left alone.
 *
 * expect: bad-free
 * sizes: 1 24 100 5000
 */
#include "misuse.h"

#include <new>
#include <string>
#include <vector>

namespace
{
constexpr size_t in_front = 32;
size_t made;
} // namespace

void *operator new(size_t size)
{
    char *block = static_cast<char *>(malloc(in_front + size));
    if (block == nullptr)
        throw std::bad_alloc();
    made++;
    return block + in_front;
}

void operator delete(void *object) noexcept
{
    if (object != nullptr)
        free(static_cast<char *>(object) - in_front);
}

void operator delete(void *object, size_t) noexcept
{
    operator delete(object);
}

static void bad(size_t size)
{
    free(opaque(::operator new(size)));
}

static void good(size_t size)
{
    size_t before = made;
    std::vector<std::string> texts(size, std::string(100, 'x'));
    texts.insert(texts.begin(), "first");
    delete[] static_cast<char *>(opaque(new char[size]));
    delete static_cast<long *>(opaque(new long));
    if (made < before + size + 3)
        _exit(3);
}
