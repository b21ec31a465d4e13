// What the README shows of tests, in a test.
#include <set>

#include <penstock/testing.hpp>

#include "readme_limits.hpp"

template <>
inline constexpr auto penstock::fields<SendInvoice> =
    std::tuple{penstock::field{"tenant", &SendInvoice::tenant}, penstock::field{"number", &SendInvoice::number}};

static void close_month(penstock::TaskManager& tasks) {
  for (const char* tenant : {"acme", "bolt"}) tasks.enqueue(SendInvoice{tenant, std::string(tenant) + " 7"});
}

int main() {
#include "readme_testing.hpp"
  return sent == std::set<std::string>{"acme 7", "bolt 7"} && !cluster.alive(0) && cluster.alive(1) ? 0 : 1;
}
