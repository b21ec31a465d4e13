// Chains of codecs: what was written under one config is read under another, or refused with the reason.
#include <algorithm>
#include <atomic>
#include <future>

#include <penstock/plugin/codec.hpp>
#include <penstock/plugin/plugin.hpp>

#include "fixture.hpp"

using namespace penstock;

namespace {

// Turns the bytes around.
struct Reversed final : TransformCodec {
  static Result<std::unique_ptr<TransformCodec>> open(Host&, const Settings&) { return std::make_unique<Reversed>(); }
  Result<std::string> apply(std::string_view bytes) noexcept override {
    return std::string(bytes.rbegin(), bytes.rend());
  }
  Result<std::string> undo(std::string_view bytes, std::uint64_t at_most) noexcept override {
    if (bytes.size() > at_most) return Error{Errc::resource_exhausted, "more than " + std::to_string(at_most)};
    return apply(bytes);
  }
};

// Writes runs of a byte as the byte and their length, up to 255: as short as a compressor, as long as the worst.
struct Runs final : TransformCodec {
  static Result<std::unique_ptr<TransformCodec>> open(Host&, const Settings&) { return std::make_unique<Runs>(); }
  Result<std::string> apply(std::string_view bytes) noexcept override {
    std::string out;
    for (std::size_t i = 0; i < bytes.size();) {
      std::size_t n = 1;
      while (n < 255 && i + n < bytes.size() && bytes[i + n] == bytes[i]) ++n;
      out += {bytes[i], static_cast<char>(n)};
      i += n;
    }
    return out;
  }
  Result<std::string> undo(std::string_view bytes, std::uint64_t at_most) noexcept override {
    if (bytes.size() % 2 != 0) return Error{Errc::invalid, "cut short"};
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
      const auto n = static_cast<unsigned char>(bytes[i + 1]);
      if (n > at_most - out.size()) return Error{Errc::resource_exhausted, "more than " + std::to_string(at_most)};
      out.append(n, bytes[i]);
    }
    return out;
  }
};

// Makes ten of each byte.
struct Swells final : TransformCodec {
  static Result<std::unique_ptr<TransformCodec>> open(Host&, const Settings&) { return std::make_unique<Swells>(); }
  Result<std::string> apply(std::string_view bytes) noexcept override {
    return std::string(bytes.size() * 10 + (1 << 20), 'x');
  }
  Result<std::string> undo(std::string_view, std::uint64_t) noexcept override { return std::string(); }
};

}  // namespace

PENSTOCK_PLUGIN(transforms, "1", "MIT", component<TransformCodec, Reversed, Transform>("reversed", "Turns around."),
                component<TransformCodec, Runs, Transform>("runs", "Counts runs."),
                component<TransformCodec, Swells, Transform>("swells", "Makes more."));

namespace {

std::vector<PluginChoice> chain(std::initializer_list<const char*> names) {
  std::vector<PluginChoice> out;
  for (const char* name : names) out.push_back({.use = name});
  return out;
}

Options with(const Store& store, std::initializer_list<const char*> use, std::initializer_list<const char*> also = {}) {
  Options o = store.options();
  o.plugins.push_back(PENSTOCK_PLUGIN_SYMBOL(transforms));
  o.codecs = chain(use);
  o.codecs_also = chain(also);
  return o;
}

// What becomes of the task under these options.
TaskInfo run(const Options& o, const TaskRef& ref) {
  auto tasks = TaskManager::open(o);
  tasks.handle<Job>([](const Job& job) { return Answer{job.name + "!"}; });
  CHECK(tasks.drain() == 0);
  return tasks.info(ref).value();
}

// A worker that cannot read the task leaves it to others.
void cannot_read(const Options& o, const TaskRef& ref) {
  auto tasks = TaskManager::open(o);
  std::atomic<bool> told{false}, ran{false};
  std::promise<Millis> back;
  tasks.add_hooks({.on_retry = [&](const TaskEvent& e) {
    if (!told.exchange(true)) back.set_value(e.delay);
  }});
  tasks.handle<Job>([&](const Job&) { ran = true; });
  tasks.start();
  auto delay = back.get_future();
  REQUIRE(delay.wait_for(10s) == std::future_status::ready);
  CHECK(delay.get() == 1s);
  CHECK(tasks.stop_graceful(5s));
  CHECK_FALSE(ran);
  const auto info = tasks.info(ref);
  REQUIRE(info);
  CHECK_FALSE(ended(info->status));
  CHECK(info->failures == 0);
}

const EnqueueOptions kOnce{.retries = 0};
const Job kJob{std::string(500, 'a') + "z", 7};

}  // namespace

TEST_CASE("each transform of the chain is applied in turn, to payloads and to results") {
  Store store(every_backend());
  auto tasks = TaskManager::open(with(store, {"json", "runs", "reversed"}));
  tasks.handle<Job>([](const Job& job) { return Answer{job.name}; });
  const TaskRef ref = tasks.enqueue(kJob, kOnce);
  const TaskKey key = ref.key();
  const auto record = [&] { return tasks.backend().get({&key, 1}).value()[0].value(); };
  const std::string body = record().body;
  CHECK(body.size() < 200);
  CHECK(body.find("runs") < body.find("reversed"));  // their names stand with it
  CHECK(body.find("\x01z\xf5"
                  "a\xff"
                  "a") != std::string::npos);  // turned around, after the runs were counted
  CHECK(tasks.drain() == 0);
  CHECK(record().note.size() < 200);
  CHECK(tasks.result<Answer>(ref, 1s).text == kJob.name);
}

TEST_CASE("what was written under another config is read as it was written, with the codecs that it names") {
  Store store("sqlite");
  TaskRef old, raw;
  {
    auto tasks = TaskManager::open(with(store, {"json", "runs", "reversed"}));
    old = tasks.enqueue(kJob, kOnce);
  }
  SECTION("other ones are used now, these are there to read") {
    CHECK(run(with(store, {"protobuf", "reversed"}, {"runs", "json"}), old).status == Status::succeeded);
  }
  SECTION("what is used may stand in `also` as well") {
    CHECK(run(with(store, {"json", "runs", "reversed"}, {"runs", "json"}), old).status == Status::succeeded);
  }
  SECTION("a transform is missing") {
    cannot_read(with(store, {"json"}, {"reversed"}), old);
    CHECK(run(with(store, {"json"}, {"reversed", "runs"}), old).status == Status::succeeded);
  }
  SECTION("the value codec is missing") {
    cannot_read(with(store, {"protobuf"}, {"reversed", "runs"}), old);
    CHECK(run(with(store, {"protobuf"}, {"reversed", "runs", "json"}), old).status == Status::succeeded);
  }
}

TEST_CASE("a payload that grows beyond the limit when it is read is refused, and so is a result") {
  Store store("sqlite");
  TaskRef large;
  {
    auto tasks = TaskManager::open(with(store, {"json", "runs"}));
    large = tasks.enqueue(Job{std::string(100'000, 'a'), 1}, kOnce);
  }
  Options narrow = with(store, {"json", "runs"});
  narrow.max_payload = 1000;
  const TaskInfo info = run(narrow, large);
  CHECK(info.status == Status::failed);
  CHECK(info.error == "payload: codec \"runs\": more than 1000");

  auto tasks = TaskManager::open(narrow);
  tasks.handle<Job>([](const Job&) { return Answer{std::string(2000, 'a')}; });
  const TaskRef ref = tasks.enqueue(Job{}, kOnce);
  CHECK(tasks.drain() == 0);
  CHECK_THAT(tasks.info(ref)->error, Catch::StartsWith("result: 20") && Catch::EndsWith("octets; the limit is 1000"));
}

TEST_CASE("a payload of the limit is read through a chain that makes it longer on the way") {
  Store store(every_backend());
  Options o = with(store, {"json", "runs", "reversed"});
  o.max_payload = 100'000;
  auto tasks = TaskManager::open(o);
  std::string octets;
  while (octets.size() < o.max_payload) octets += "ab";  // runs of one: twice as long
  std::atomic<bool> same{false};
  tasks.handle(Policy{.kind = "raw", .retries = 0}, [&](Context& ctx) { same = ctx.payload() == octets; });
  const TaskRef ref = tasks.enqueue_bytes({.kind = "raw"}, octets);
  CHECK(tasks.drain() == 0);
  CHECK(tasks.info(ref)->error == "");
  CHECK(same);
}

TEST_CASE("a result of the limit is kept and read through a chain that makes it longer") {
  Store store(every_backend());
  Options o = with(store, {"json", "runs"});
  o.max_payload = 1000;
  auto tasks = TaskManager::open(o);
  Answer answer;
  while (answer.text.size() < o.max_payload - std::string(R"({"text":""})").size())
    answer.text += "abc"[answer.text.size() % 3];
  tasks.handle<Job>([&](const Job&) { return answer; });
  const TaskRef ref = tasks.enqueue(Job{}, kOnce);
  CHECK(tasks.drain() == 0);
  CHECK(tasks.info(ref)->error == "");
  CHECK(tasks.info(ref)->result.size() == o.max_payload);
  CHECK(tasks.result<Answer>(ref, 1s).text == answer.text);
}

TEST_CASE("a chain that makes far too much of a payload is refused where it is written") {
  Store store(every_backend());
  auto tasks = TaskManager::open(with(store, {"json", "swells"}));
  CHECK_THROWS_WITH(tasks.enqueue(Job{}), Catch::Contains("codec \"swells\": ") && Catch::Contains(" octets became "));
}

TEST_CASE("a chain is a value codec and then transforms") {
  Store store("memory");
  CHECK(why(with(store, {"reversed", "json"})) == "codec.use: \"reversed\" is a transform: a value codec comes first");
  CHECK(why(with(store, {"json", "reversed", "protobuf"})) ==
        "codec.use: \"protobuf\" is a second value codec: one that only reads goes into codec.also");
  CHECK(why(with(store, {"json", "reversed", "json"})) == "codec.use: \"json\" stands there twice");
  CHECK(why(with(store, {"json", "runs", "runs"})) == "codec.use: \"runs\" stands there twice");
  CHECK(why(with(store, {"json"}, {"runs", "runs"})) == "codec.also: \"runs\" stands there twice");
  CHECK_THAT(why(with(store, {"json", "zst"})), Catch::StartsWith("codec \"zst\" is not to be found"));
}
