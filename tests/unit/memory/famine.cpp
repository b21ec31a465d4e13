// Apart from the test: a compiler that sees both takes free() for the wrong end of operator new.
#include "unit/memory/famine.hpp"

#include <cstdlib>
#include <new>

thread_local Famine famine;

namespace {

bool refused() noexcept {
  if (!famine.armed) return false;
  if (famine.begun) return famine.lasts;
  if (famine.after-- > 0) return false;
  return famine.begun = true;
}

void* take(std::size_t size) {
  void* at = refused() ? nullptr : std::malloc(size);
  if (!at) throw std::bad_alloc();
  return at;
}

}  // namespace

void* operator new(std::size_t size) { return take(size); }
void* operator new[](std::size_t size) { return take(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return refused() ? nullptr : std::malloc(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return refused() ? nullptr : std::malloc(size);
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete[](void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
void operator delete[](void* at, std::size_t) noexcept { std::free(at); }
