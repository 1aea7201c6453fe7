/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An object that owns a block is copied with its pointer; both destructors delete the block.
 *
 * expect: double-free
 * sizes: 5 100 5000
 */
#include "misuse.h"

#include <utility>

namespace
{
class owner
{
  public:
    explicit owner(size_t size) : block(new char[size])
    {
    }
    ~owner()
    {
        delete[] static_cast<char *>(opaque(block));
    }
    owner(const owner &) = default;
    owner &operator=(const owner &) = default;
    owner(owner &&other) noexcept : block(std::exchange(other.block, nullptr))
    {
    }

  private:
    char *block;
};
} // namespace

static void bad(size_t size)
{
    owner first(size);
    owner second(first);
}

static void good(size_t size)
{
    owner first(size);
    owner second(std::move(first));
}
