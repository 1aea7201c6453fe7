/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every operator new for which there is no memory calls the new handler, and then throws or returns NULL. */
#include <cstddef>
#include <cstdio>
#include <new>

static int calls;

static void handler()
{
    calls++;
    std::set_new_handler(nullptr);
}

template <typename Call> static bool throws(Call call)
{
    std::set_new_handler(handler);
    try {
        return call() == nullptr && false;
    } catch (const std::bad_alloc &) {
        return true;
    }
}

template <typename Call> static bool returns_null(Call call)
{
    std::set_new_handler(handler);
    return call() == nullptr;
}

int main()
{
    const auto line = std::align_val_t(64);
    volatile size_t too_much = static_cast<size_t>(1) << 62;
    int right = 0;
    right += throws([&] { return ::operator new(too_much); });
    right += throws([&] { return ::operator new[](too_much); });
    right += throws([&] { return ::operator new(too_much, line); });
    right += throws([&] { return ::operator new[](too_much, line); });
    right += returns_null([&] { return ::operator new(too_much, std::nothrow); });
    right += returns_null([&] { return ::operator new[](too_much, std::nothrow); });
    right += returns_null([&] { return ::operator new(too_much, line, std::nothrow); });
    right += returns_null([&] { return ::operator new[](too_much, line, std::nothrow); });
    printf("%d right, handler called %d times\n", right, calls);
    return 0;
}
