// A plugin written outside: a tracer that counts.
#include <atomic>

#include <penstock/plugin/plugin.hpp>
#include <penstock/plugin/tracer.hpp>

namespace {

constexpr penstock::Setting kSettings[] = {
    {.key = "from",
     .kind = penstock::Kind::integer,
     .fallback = "1",
     .doc = "The first number.",
     .min = 1,
     .max = 1000},
};

class Counter final : public penstock::Tracer {
 public:
  explicit Counter(std::uint64_t from) : next_(from) {}
  static penstock::Result<std::unique_ptr<penstock::Tracer>> open(penstock::Host&, const penstock::Settings& settings) {
    return std::unique_ptr<penstock::Tracer>(
        std::make_unique<Counter>(static_cast<std::uint64_t>(settings.integer("from"))));
  }
  std::uint64_t start(const penstock::SpanStart&) noexcept override { return next_++; }
  void end(std::uint64_t, const penstock::SpanEnd&) noexcept override {}
  std::string inject(std::uint64_t) noexcept override { return {}; }

 private:
  std::atomic<std::uint64_t> next_;
};

}  // namespace

PENSTOCK_PLUGIN(acme, "0.1.0", "MIT",
                penstock::component<penstock::Tracer, Counter>("acme", "Counts the spans.", kSettings));
