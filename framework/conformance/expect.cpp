#include "conformance/expect.hpp"

#include <exception>
#include <latch>
#include <thread>
#include <vector>

namespace penstock::conformance {

void broken(const std::string& message, Here here) {
  const std::string_view path = here.file;
  throw Broken{message + " (" + std::string(path.substr(path.rfind('/') + 1)) + ":" + std::to_string(here.line) + ")"};
}

std::uint64_t Random::next() {
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void together(int n, const std::function<void(int)>& body) {
  std::latch start(n);
  std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(n));
  std::vector<std::thread> threads;
  for (int i = 0; i < n; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      try {
        body(i);
      } catch (...) {
        thrown[static_cast<std::size_t>(i)] = std::current_exception();
      }
    });
  }
  for (std::thread& t : threads) t.join();
  for (const auto& e : thrown)
    if (e) std::rethrow_exception(e);
}

}  // namespace penstock::conformance
