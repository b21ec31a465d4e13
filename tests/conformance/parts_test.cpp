// The kit of codecs, limiters, tracers and handlers can fail: every hand-made fault breaks the promise named.
#include <catch2/catch.hpp>

#include <penstock/conformance/parts.hpp>
#include <penstock/conformance/scene.hpp>
#include <penstock/plugin/codec.hpp>
#include <penstock/plugin/handlers.hpp>
#include <penstock/plugin/limiter.hpp>
#include <penstock/plugin/tracer.hpp>

#include "support/open_plugin.hpp"

using namespace penstock;
using namespace penstock::conformance;

extern "C" const PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(json)() noexcept;
extern "C" const PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(token_bucket)() noexcept;
extern "C" const PluginDescriptor* PENSTOCK_PLUGIN_SYMBOL(log)() noexcept;

namespace {

ManualTime at_rest;
testing::TestHost host(&at_rest);

template <class Iface>
std::unique_ptr<Iface> sound(PluginEntry entry, const std::string& name,
                             const std::map<std::string, config::Written>& settings = {}) {
  return testing::open_component<Iface>(entry, name, host, settings);
}
std::unique_ptr<ValueCodec> json() { return sound<ValueCodec>(PENSTOCK_PLUGIN_SYMBOL(json), "json"); }
std::unique_ptr<Limiter> bucket() {
  return sound<Limiter>(PENSTOCK_PLUGIN_SYMBOL(token_bucket), "token_bucket", {{"rate", std::string("100/s")}});
}
std::unique_ptr<Tracer> log() {
  return sound<Tracer>(PENSTOCK_PLUGIN_SYMBOL(log), "log", {{"level", std::string("error")}});
}

// Each has its sound behaviour in virtual functions; a fault overrides one.
struct Codec : ValueCodec {
  std::unique_ptr<ValueCodec> inner = json();
  std::string_view name() const noexcept override { return "json"; }
  Result<void> encode(const Encodable& value, std::string& out) noexcept override { return inner->encode(value, out); }
  Result<void> decode(std::string_view bytes, Decodable& value) noexcept override {
    return inner->decode(bytes, value);
  }
};
struct Mark : Interface, Transform {  // octets between brackets, with their number behind
  void* query(std::string_view id) noexcept override { return offer<Transform>(this, id); }
  Result<std::string> apply(std::string_view bytes) noexcept override {
    return "[" + std::string(bytes) + "]" + std::to_string(bytes.size()) + ".";
  }
  Result<std::string> undo(std::string_view bytes, std::uint64_t at_most) noexcept override {
    const std::size_t end = bytes.rfind(']');
    if (bytes.empty() || bytes[0] != '[' || end == bytes.npos) return Error{Errc::invalid, "no brackets"};
    const std::string_view content = bytes.substr(1, end - 1);
    if (bytes.substr(end + 1) != std::to_string(content.size()) + ".") return Error{Errc::invalid, "another number"};
    if (content.size() > at_most) return Error{Errc::resource_exhausted, "too large"};
    return std::string(content);
  }
};
struct Bucket : Limiter {
  std::unique_ptr<Limiter> inner = bucket();
  Result<Grant> acquire(std::string_view key, std::uint32_t count) noexcept override {
    return inner->acquire(key, count);
  }
  void refund(std::string_view key, std::uint32_t count) noexcept override { inner->refund(key, count); }
};
struct Spans : Tracer {
  std::unique_ptr<Tracer> inner = log();
  std::uint64_t start(const SpanStart& s) noexcept override { return inner->start(s); }
  void end(std::uint64_t span, const SpanEnd& e) noexcept override { inner->end(span, e); }
  std::string inject(std::uint64_t span) noexcept override { return inner->inject(span); }
};
struct Nothing : TaskHandler {
  penstock::Outcome run(Context&) noexcept override { return {}; }
};
struct Module : Handlers {
  std::vector<Entry> list() noexcept override {
    std::vector<Entry> out;
    out.push_back({.policy = {.kind = "greet"}, .handler = std::make_unique<Nothing>()});
    return out;
  }
};

// Handlers that use their module to the end.
struct OfItsModule final : TaskHandler {
  explicit OfItsModule(std::weak_ptr<int> module) : module_(std::move(module)) {}
  ~OfItsModule() override { orphans += module_.expired(); }
  penstock::Outcome run(Context&) noexcept override { return {}; }
  static inline int orphans = 0;

 private:
  std::weak_ptr<int> module_;
};
struct Owner final : Handlers {
  std::shared_ptr<int> alive = std::make_shared<int>();
  std::vector<Entry> list() noexcept override {
    std::vector<Entry> out;
    out.push_back({.policy = {.kind = "greet"}, .handler = std::make_unique<OfItsModule>(alive)});
    return out;
  }
};

// ---- codecs

struct OtherName final : Codec {
  std::string_view name() const noexcept override { return "J S O N"; }
};
struct ForgetsNumbers final : Codec {
  Result<void> encode(const Encodable& value, std::string& out) noexcept override {
    const auto done = inner->encode(value, out);
    for (std::size_t at; (at = out.find("-")) != out.npos;) out.erase(at, 1);
    return done;
  }
};
struct StartsAfresh final : Codec {
  Result<void> encode(const Encodable& value, std::string& out) noexcept override {
    out.clear();
    return inner->encode(value, out);
  }
};
struct TakesAnything final : Codec {
  Result<void> decode(std::string_view bytes, Decodable& value) noexcept override {
    (void)static_cast<bool>(inner->decode(bytes, value));
    return {};
  }
};
struct SaysNothing final : Codec {
  Result<void> decode(std::string_view bytes, Decodable& value) noexcept override {
    auto done = inner->decode(bytes, value);
    return done ? done : Result<void>(Error{Errc::invalid, ""});
  }
};
struct Picky final : FieldReader {  // fails where a field is not known
  explicit Picky(FieldReader& r) : in(r) {}
  void enter_object() override { in.enter_object(); }
  std::optional<FieldName> next_field() override { return in.next_field(); }
  void enter_list() override { in.enter_list(); }
  bool next_item() override { return in.next_item(); }
  bool is_null() override { return in.is_null(); }
  bool boolean() override { return in.boolean(); }
  std::int64_t integer() override { return in.integer(); }
  std::uint64_t natural() override { return in.natural(); }
  double number() override { return in.number(); }
  std::string text() override { return in.text(); }
  std::string bytes() override { return in.bytes(); }
  void skip() override { in.fail("is not known"); }
  void fail(std::string_view why) override { in.fail(why); }
  FieldReader& in;
};
struct Asked final : Decodable {
  explicit Asked(Decodable& value) : value_(value) {}
  void read(FieldReader& r) override {
    Picky picky(r);
    value_.read(picky);
  }

 private:
  Decodable& value_;
};
struct NoStrangers final : Codec {
  Result<void> decode(std::string_view bytes, Decodable& value) noexcept override {
    Asked asked(value);
    return inner->decode(bytes, asked);
  }
};
struct SetsToZero final : Codec {
  Result<void> decode(std::string_view bytes, Decodable& value) noexcept override {
    (void)static_cast<bool>(inner->decode(R"({"flag":false,"real":0})", value));
    return inner->decode(bytes, value);
  }
};
struct LeavesHalf final : Codec {
  Result<void> encode(const Encodable& value, std::string& out) noexcept override {
    auto done = inner->encode(value, out);
    if (!done) out += "{";
    return done;
  }
};
// ---- transforms

struct OnlyOnce final : Mark {
  Result<std::string> apply(std::string_view bytes) noexcept override {
    if (!bytes.empty() && bytes[0] == '[') return std::string(bytes);
    return Mark::apply(bytes);
  }
};
struct DropsNul final : Mark {
  Result<std::string> apply(std::string_view bytes) noexcept override {
    std::string out(bytes);
    std::erase(out, '\0');
    return Mark::apply(out);
  }
};
struct NoBound final : Mark {
  Result<std::string> undo(std::string_view bytes, std::uint64_t) noexcept override {
    return Mark::undo(bytes, UINT64_MAX);
  }
};
struct Mute final : Mark {
  Result<std::string> undo(std::string_view bytes, std::uint64_t at_most) noexcept override {
    auto out = Mark::undo(bytes, at_most);
    return out ? out : Result<std::string>(Error{out.error().code, ""});
  }
};
struct Counting final : Mark {
  Result<std::string> apply(std::string_view bytes) noexcept override {
    auto out = Mark::apply(bytes);
    if (++n % 2) return out;
    return "(" + *out + ")";
  }
  Result<std::string> undo(std::string_view bytes, std::uint64_t at_most) noexcept override {
    if (!bytes.empty() && bytes[0] == '(') bytes = bytes.substr(1, bytes.size() - 2);
    return Mark::undo(bytes, at_most);
  }
  std::atomic<int> n{0};
};
struct NoEnd final : Mark {
  Result<std::string> undo(std::string_view bytes, std::uint64_t at_most) noexcept override {
    return Mark::undo(bytes.substr(0, bytes.rfind('.') + 1), at_most);
  }
};

// ---- limiters, tracers, handlers

struct Generous final : Bucket {
  Result<Grant> acquire(std::string_view, std::uint32_t count) noexcept override { return Grant{count + 1, {}}; }
};
struct NoTime final : Bucket {
  Result<Grant> acquire(std::string_view key, std::uint32_t count) noexcept override {
    auto grant = inner->acquire(key, count);
    grant->retry_in = {};
    return grant;
  }
};
struct Strict final : Bucket {
  Result<Grant> acquire(std::string_view, std::uint32_t count) noexcept override {
    return inner->acquire("process", count);
  }
};
struct KeepsAll final : Bucket {
  void refund(std::string_view, std::uint32_t) noexcept override {}
};
struct OneContext final : Spans {
  std::string inject(std::uint64_t span) noexcept override {
    return span ? "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203332-01" : "";
  }
};
struct BadContext final : Spans {
  std::string inject(std::uint64_t span) noexcept override { return span ? "00-xyz" : ""; }
};
struct Orphans final : Spans {
  std::uint64_t start(const SpanStart& s) noexcept override {
    SpanStart alone = s;
    alone.parent = {};
    return inner->start(alone);
  }
};
struct ContextOfNothing final : Spans {
  std::string inject(std::uint64_t span) noexcept override { return span ? inner->inject(span) : "none"; }
};
struct Empty final : Module {
  std::vector<Entry> list() noexcept override { return {}; }
};
struct NoHandler final : Module {
  std::vector<Entry> list() noexcept override {
    auto out = Module::list();
    out.push_back({.policy = {.kind = "other"}, .handler = nullptr});
    return out;
  }
};
struct BadKind final : Module {
  std::vector<Entry> list() noexcept override {
    auto out = Module::list();
    out[0].policy.kind = "not a name";
    return out;
  }
};
struct Twice final : Module {
  std::vector<Entry> list() noexcept override {
    static constexpr std::string_view kAlias[] = {"greet"};
    auto out = Module::list();
    out.push_back({.policy = {.kind = "other", .aliases = kAlias}, .handler = std::make_unique<Nothing>()});
    return out;
  }
};

template <class T>
std::unique_ptr<Interface> made() {
  return std::make_unique<T>();
}
using Make = std::unique_ptr<Interface> (*)();

struct Sound {
  const char* kind;
  Make make;
};
constexpr Sound kSound[] = {{"codec", made<Codec>},
                            {"codec", made<Mark>},
                            {"limiter", made<Bucket>},
                            {"tracer", made<Spans>},
                            {"handlers", made<Module>}};

struct Faulty {
  const char *kind, *promise;
  Make make;
};
constexpr Faulty kFaulty[] = {
    {"codec", "codec.name_is_one_word", made<OtherName>},
    {"codec", "codec.values_come_back", made<ForgetsNumbers>},
    {"codec", "codec.encode_appends", made<StartsAfresh>},
    {"codec", "codec.other_sorts_are_refused", made<TakesAnything>},
    {"codec", "codec.any_input_is_safe", made<SaysNothing>},
    {"codec", "codec.unknown_fields_are_passed_over", made<NoStrangers>},
    {"codec", "codec.missing_fields_keep_their_value", made<SetsToZero>},
    {"codec", "codec.depth_is_bounded", made<LeavesHalf>},
    {"codec", "transform.bytes_come_back", made<DropsNul>},
    {"codec", "transform.twice_is_undone_twice", made<OnlyOnce>},
    {"codec", "transform.bound_is_kept", made<NoBound>},
    {"codec", "transform.any_input_is_safe", made<Mute>},
    {"codec", "transform.same_octets_make_the_same", made<Counting>},
    {"codec", "transform.cut_or_lengthened_input_is_refused", made<NoEnd>},
    {"limiter", "limiter.grants_are_sound", made<Generous>},
    {"limiter", "limiter.grants_are_sound", made<NoTime>},
    {"limiter", "limiter.other_keys_are_free", made<Strict>},
    {"limiter", "limiter.refunds_come_back", made<KeepsAll>},
    {"tracer", "tracer.context_is_well_formed", made<OneContext>},
    {"tracer", "tracer.context_is_well_formed", made<BadContext>},
    {"tracer", "tracer.children_join_the_trace", made<Orphans>},
    {"tracer", "tracer.broken_parents_start_a_trace", made<BadContext>},
    {"tracer", "tracer.spans_begin_and_end", made<ContextOfNothing>},
    {"handlers", "handlers.something_is_listed", made<Empty>},
    {"handlers", "handlers.something_is_listed", made<NoHandler>},
    {"handlers", "handlers.policies_are_sound", made<BadKind>},
    {"handlers", "handlers.kinds_are_distinct", made<Twice>},
};

}  // namespace

TEST_CASE("what is sound keeps every promise of its kind") {
  for (const Sound& s : kSound) {
    const Report report = run(s.kind, s.make);
    for (const conformance::Outcome& o : report.broken()) FAIL_CHECK(line(o));
    CHECK(report.count(Verdict::kept) >= 3);
  }
}

TEST_CASE("every fault breaks its promise") {
  for (const Faulty& f : kFaulty) {
    CAPTURE(f.promise);
    const auto all = parts(f.kind);
    const auto at =
        std::ranges::find(all, std::string_view(f.promise), [](const Part& p) { return std::string_view(p.name); });
    REQUIRE(at != all.end());
    const conformance::Outcome outcome = run(*at, f.make);
    CHECK(outcome.verdict == Verdict::broken);
  }
}

TEST_CASE("every promise has a fault that breaks it, but for those of many threads") {
  for (const char* kind : {"codec", "limiter", "tracer", "handlers"}) {
    for (const Part& p : parts(kind)) {
      const std::string_view name = p.name;
      const bool faulty = std::ranges::any_of(kFaulty, [&](const Faulty& f) { return f.promise == name; });
      INFO(name);
      CHECK(faulty != name.ends_with("many_threads_at_once"));
    }
  }
}

TEST_CASE("a module of handlers is there for as long as what it listed") {
  for (const Part& p : parts("handlers")) {
    OfItsModule::orphans = 0;
    CHECK(run(p, made<Owner>).verdict == Verdict::kept);
    CHECK(OfItsModule::orphans == 0);
  }
}

TEST_CASE("an object that cannot be made breaks the promise, not the program") {
  for (const char* kind : {"codec", "limiter", "tracer", "handlers"}) {
    const Report none = run(kind, [] { return std::unique_ptr<Interface>(); });
    const Report thrown = run(kind, []() -> std::unique_ptr<Interface> { throw 7; });
    CHECK(none.count(Verdict::broken) == none.outcomes.size());
    CHECK(thrown.count(Verdict::broken) == thrown.outcomes.size());
  }
  CHECK(parts("backend").empty());
}
