#include "plugins/child.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <stdexcept>
#include <unistd.h>

using namespace penstock;
using penstock::plugins::hear_child;
using penstock::plugins::in_child;
using std::chrono::milliseconds;

namespace {

int open_files() {
  int count = 0;
  DIR* all = ::opendir("/proc/self/fd");
  while (::readdir(all)) ++count;
  ::closedir(all);
  return count;
}

}  // namespace

TEST_CASE("a child's answer comes back whole") {
  CHECK(*in_child([]() -> Result<std::string> { return std::string("hello"); }) == "hello");
  CHECK(*in_child([]() -> Result<std::string> { return std::string(); }) == "");
  std::string large(500'000, 'x');
  CHECK(*in_child([&]() -> Result<std::string> { return large; }) == large);
  auto failed = in_child([]() -> Result<std::string> { return Error{Errc::not_found, "gone"}; });
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Errc::not_found);
  CHECK(failed.error().message == "gone");
}

TEST_CASE("a child that throws, dies, ends or talks too much is an error") {
  auto why = [](auto work) {
    auto answer = in_child([&]() -> Result<std::string> {
      work();
      return std::string("fine");
    });
    return answer ? *answer : answer.error().message;
  };
  CHECK(why([] { throw std::runtime_error("thrown"); }) == "thrown");
  CHECK(why([] { ::raise(SIGKILL); }) == "the process that opened it died: Killed");
  CHECK(why([] { ::_exit(3); }) == "the process that opened it ended with status 3");
  CHECK(why([] { std::puts("noise"), std::fputs("noise", stderr), std::fflush(nullptr); }) == "fine");
  auto loud = in_child([]() -> Result<std::string> { return std::string(plugins::kMaxReply + 1, 'x'); });
  REQUIRE_FALSE(loud);
  CHECK(loud.error().message == "it says more than 1MiB");
}

TEST_CASE("signal handlers of the host do not run for what a child does") {
  struct sigaction before {};
  struct sigaction mine {};
  mine.sa_handler = [](int) { ::_exit(7); };
  REQUIRE(::sigaction(SIGSEGV, &mine, &before) == 0);
  auto answer = in_child([]() -> Result<std::string> {
    ::raise(SIGSEGV);
    return std::string("fine");
  });
  ::sigaction(SIGSEGV, &before, nullptr);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message == "the process that opened it died: Segmentation fault");
}

TEST_CASE("a child that blocks is killed, and so is what it left behind") {
  auto blocked = in_child(
      []() -> Result<std::string> {
        if (::fork() == 0) {
          for (;;) ::pause();
        }
        for (;;) ::pause();
      },
      milliseconds(100));
  REQUIRE_FALSE(blocked);
  CHECK(blocked.error().message == "not done within 100 ms");
  auto fled = in_child(
      []() -> Result<std::string> {
        ::setpgid(0, ::getpgid(::getppid()));
        for (;;) ::pause();
      },
      milliseconds(100));
  REQUIRE_FALSE(fled);
  CHECK(fled.error().message == "not done within 100 ms");
}

TEST_CASE("what a child says line by line is heard, also when it dies of what comes next") {
  std::vector<std::string> heard;
  auto hear = [&](std::string_view line) -> Result<void> {
    heard.emplace_back(line);
    return {};
  };
  CHECK(hear_child([](const plugins::Say& say) { say("one"), say(""), say("."), say(std::string(100'000, 'x')); }, hear,
                   milliseconds(5000)));
  CHECK(heard == std::vector<std::string>{"one", "", ".", std::string(100'000, 'x')});
  heard.clear();
  auto died = hear_child([](const plugins::Say& say) { say("last words"), std::abort(); }, hear, milliseconds(5000));
  REQUIRE_FALSE(died);
  CHECK(died.error().message == "the process that opened it died: Aborted");
  auto silent = hear_child(
      [](const plugins::Say& say) {
        say("then nothing");
        for (;;) ::pause();
      },
      hear, milliseconds(100));
  REQUIRE_FALSE(silent);
  CHECK(silent.error().message == "not done within 100 ms");
  CHECK_FALSE(hear_child([](const plugins::Say&) { throw 7; }, hear, milliseconds(5000)));
  CHECK_FALSE(hear_child([](const plugins::Say& say) { say("early"), ::_exit(0); }, hear, milliseconds(5000)));
  CHECK(heard == std::vector<std::string>{"last words", "then nothing", "early"});
}

TEST_CASE("what something else in the child writes among its lines is refused, never heard") {
  const std::string foreign = "the process that opened it wrote into the answers";
  auto said = [](const std::string& raw) {
    std::string heard;
    auto done = hear_child(
        [&](const plugins::Say& say) {
          say("one");
          if (::write(3, raw.data(), raw.size()) < 0) std::abort();
          say("two");
        },
        [&](std::string_view line) -> Result<void> {
          heard += line;
          return line == "no" ? Result<void>(Error{Errc::invalid, "not one of mine"}) : Result<void>();
        },
        milliseconds(5000));
    CHECK(heard.starts_with("one"));
    return (done ? "fine" : done.error().message) + heard.substr(3);
  };
  CHECK(said("") == "finetwo");
  CHECK(said("+more\n") == "finemoretwo");
  for (const char* raw : {"\n", "nonsense\n", "nonsense", ".x\n", ".\n", ".\n+more\n"}) CHECK(said(raw) == foreign);
  CHECK(said("+no\n+more\n") == "not one of mineno");
}

TEST_CASE("a child that never ends a line is cut off") {
  auto endless = hear_child([](const plugins::Say& say) { say(std::string(2 * plugins::kMaxReply, 'x')); },
                            [](std::string_view) { return Result<void>(); }, milliseconds(5000));
  REQUIRE_FALSE(endless);
  CHECK(endless.error().message == "it says more than 1MiB");
}

TEST_CASE("nothing is left open") {
  int before = open_files();
  for (int i = 0; i < 20; ++i) {
    auto answer = in_child([&]() -> Result<std::string> {
      if (i % 2) ::_exit(1);
      return std::string("x");
    });
    CHECK(static_cast<bool>(answer) == (i % 2 == 0));
  }
  CHECK(open_files() == before);
}
