// Handlers that throw whatever can be thrown: each is a failure with a bounded text, and the worker lives.
#include <any>
#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <regex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <typeinfo>
#include <variant>

#include "fixture.hpp"

using namespace penstock;

namespace {

struct NoText : std::exception {
  const char* what() const noexcept override { return nullptr; }
};
struct Endless : std::exception {
  std::string text = std::string(10 << 20, 'x');
  const char* what() const noexcept override { return text.c_str(); }
};
struct Odd : std::exception {
  const char* what() const noexcept override { return "\xff\xfe\x1b[2J\r\nline\x01"; }
};
struct Wide : std::exception {
  std::string text = [] {
    std::string out;
    while (out.size() < 9000) out += "\xe2\x82\xac";  // three octets each: 8192 is inside of one
    return out;
  }();
  const char* what() const noexcept override { return text.c_str(); }
};
struct Plain {
  std::array<char, 4096> room{};
};
struct OnlyMoves {
  std::unique_ptr<int> p = std::make_unique<int>(1);
};
struct Ambiguous : std::runtime_error, std::logic_error {  // twice a std::exception, so none
  Ambiguous() : std::runtime_error("one"), std::logic_error("two") {}
};
struct TwoBases : std::logic_error, std::nested_exception {
  TwoBases() : std::logic_error("two") {}
};
struct Leaver {
  ~Leaver() noexcept(false) { throw std::runtime_error("from a destructor"); }
};

[[noreturn]] void nest(int depth) {
  if (depth == 0) throw std::runtime_error("the cause");
  try {
    nest(depth - 1);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("level"));
  }
}

using Animal = std::function<Outcome()>;

template <class E>
Animal throws(E (*make)()) {
  return [make]() -> Outcome { throw make(); };
}

const std::vector<Animal>& zoo() {
  static const std::vector<Animal> animals{
      throws(+[] { return std::runtime_error("runtime"); }),
      throws(+[] { return std::logic_error(""); }),
      throws(+[] { return std::exception(); }),
      throws(+[] { return std::bad_alloc(); }),
      throws(+[] { return std::bad_cast(); }),
      throws(+[] { return std::bad_function_call(); }),
      throws(+[] { return std::bad_optional_access(); }),
      throws(+[] { return std::bad_variant_access(); }),
      throws(+[] { return std::system_error(std::make_error_code(std::errc::no_space_on_device), "write"); }),
      throws(
          +[] { return std::filesystem::filesystem_error("stat", "/a", std::make_error_code(std::errc::io_error)); }),
      throws(+[] { return std::future_error(std::future_errc::broken_promise); }),
      throws(+[] { return std::ios_base::failure("stream"); }),
      throws(+[] { return std::regex_error(std::regex_constants::error_brack); }),
      throws(+[] { return NoText(); }),
      throws(+[] { return Endless(); }),
      throws(+[] { return Odd(); }),
      throws(+[] { return Wide(); }),
      throws(+[] { return Ambiguous(); }),
      throws(+[] { return TwoBases(); }),
      throws(+[] { return 7; }),
      throws(+[] { return "text"; }),
      throws(+[] { return std::string("text"); }),
      throws(+[] { return nullptr; }),
      throws(+[] { return Plain(); }),
      throws(+[] { return OnlyMoves(); }),
      throws(+[] { return Outcome::Verb::done; }),
      throws(+[] { return std::make_exception_ptr(1); }),
      [] { return std::any_cast<int>(std::any("no")), done(); },
      [] { return std::string("x").at(7), done(); },
      [] { return std::vector<char>().reserve(std::numeric_limits<std::size_t>::max()), done(); },
      []() -> Outcome { nest(3); },
      []() -> Outcome { nest(1000); },
      []() -> Outcome { std::throw_with_nested(std::runtime_error("without a cause")); },
      []() -> Outcome {
        Leaver leaver;
        return done();
      },
      []() -> Outcome { std::rethrow_exception(std::make_exception_ptr(std::runtime_error("kept"))); },
      [] { return fail(std::string(10 << 20, 'y')); },
      [] { return retry(std::string("a\0b", 3)); },
      [] { return retry_after(Millis::min()); },
      [] { return fail(""); },
      [] {
        Outcome odd;
        odd.verb = static_cast<Outcome::Verb>(99);
        return odd;
      },
  };
  return animals;
}

}  // namespace

TEST_CASE("whatever a handler throws, its task fails with a text of at most 8 KiB, and the others go on") {
  Store store(every_backend());
  auto tasks = TaskManager::open(store.options());
  const int kinds = static_cast<int>(zoo().size());
  REQUIRE(kinds >= 30);
  tasks.handle<Job>([&](const Job& job) { return zoo()[static_cast<std::size_t>(job.number % kinds)](); });
  std::vector<Job> jobs(static_cast<std::size_t>(kinds));
  for (int i = 0; i < kinds; ++i) jobs[static_cast<std::size_t>(i)].number = i;
  std::vector<TaskRef> refs;
  for (auto& e : tasks.enqueue_many(jobs, {.retries = 0})) refs.push_back(e.ref);
  CHECK(tasks.drain() == 0);
  for (int i = 0; i < kinds; ++i) {
    CAPTURE(i);
    auto info = tasks.info(refs[static_cast<std::size_t>(i)]);
    REQUIRE(info);
    CHECK(info->status == Status::failed);
    CHECK(info->error.size() <= 8192);
    CHECK((info->error.empty() || (static_cast<unsigned char>(info->error.back()) & 0xC0) != 0xC0));
  }
  CHECK(tasks.metrics().stuck_threads == 0);
}

TEST_CASE("a thousand of each, as closures and as durable tasks, leave every worker alive") {
  Store store("memory");
  Options o = store.options();
  o.threads = 4;
  auto tasks = TaskManager::open(o);
  const int kinds = static_cast<int>(zoo().size());
  auto dear = [](int i) {
    return i == 14 || i == 31 || i == 35;
  };  // those that copy 10 MiB, or unwind a thousand times
  std::atomic<int> calls{0};
  auto act = [&](int number) {
    const int kind = number % kinds;
    ++calls;
    return dear(kind) && number >= 10 * kinds ? retry("dear") : zoo()[static_cast<std::size_t>(kind)]();
  };
  tasks.handle<Job>([&](const Job& job) { return act(job.number); });
  const int half = 500 * kinds;
  std::vector<Job> jobs(static_cast<std::size_t>(half));
  for (int i = 0; i < half; ++i) jobs[static_cast<std::size_t>(i)].number = i;
  tasks.start();
  tasks.enqueue_many(jobs, {.retries = 0});
  for (int i = 0; i < half; ++i) tasks.submit([&act, i] { return act(i); }, {.retries = 0});
  CHECK(tasks.wait_idle(120s));
  CHECK(calls == 2 * half);
  CHECK(tasks.metrics().total.failed == static_cast<std::uint64_t>(2 * half));
  std::atomic<int> alive{0};
  std::atomic<int> together{0};
  for (int i = 0; i < 4; ++i) {  // all four are needed at once
    tasks.submit([&] {
      for (++together; together < 4;) std::this_thread::yield();
      ++alive;
    });
  }
  CHECK(tasks.wait_idle(60s));
  CHECK(alive == 4);
}

TEST_CASE("hooks and middleware that throw harm nobody") {
  Store store("memory");
  Options o = store.options();
  auto tasks = TaskManager::open(o);
  std::size_t at = 0;
  auto next = [&] { return zoo()[at++ % 13](); };
  auto hook = [&](const TaskEvent&) { next(); };
  tasks.add_hooks({.on_queued = hook, .on_start = hook, .on_retry = hook, .on_finish = hook, .on_lost = hook});
  tasks.handle<Job>([](const Job& job) {
    if (job.number == 0) throw std::runtime_error("once");
  });
  auto ref = tasks.enqueue(Job{"", 1});
  CHECK(tasks.drain() == 0);
  CHECK(tasks.info(ref)->status == Status::succeeded);
  auto wrapped = TaskManager::open(o);
  wrapped.use([&](Context&, const Next&) -> Outcome { throw 7; });
  wrapped.handle<Job>([](const Job&) {});
  auto failed = wrapped.enqueue(Job{}, {.retries = 0});
  CHECK(wrapped.drain() == 0);
  CHECK(wrapped.info(failed)->status == Status::failed);
}
