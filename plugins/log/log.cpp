// The tracer `log`: every span becomes one line when it ends.
#include <memory>
#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <string>

#include <penstock/plugin/plugin.hpp>
#include <penstock/plugin/tracer.hpp>

#include "open_spans.hpp"

namespace penstock::log {
namespace {

constexpr std::size_t kMostOpen = 100'000;

constexpr Setting kSettings[] = {
    {.key = "level",
     .kind = Kind::choice,
     .fallback = "info",
     .doc = "Which spans are written: `info` all, `warn` those that ended with an error, `error` those whose task "
            "failed for good.",
     .choices = "info|warn|error"},
    {.key = "file", .kind = Kind::string, .fallback = "", .doc = "File to append to; empty: standard error."},
};

Result<spdlog::sink_ptr> open_sink(const std::string& file) {
  if (file.empty()) return spdlog::sink_ptr(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  try {
    return spdlog::sink_ptr(std::make_shared<spdlog::sinks::basic_file_sink_mt>(file));
  } catch (const spdlog::spdlog_ex& e) {
    return Error{Errc::invalid, "file: " + std::string(e.what())};
  }
}

spdlog::level::level_enum level_of(const SpanEnd& end) {
  if (end.outcome == "fail" || end.outcome == "dead") return spdlog::level::err;
  return end.error.empty() ? spdlog::level::info : spdlog::level::warn;
}

class LogTracer final : public Tracer {
 public:
  LogTracer(spdlog::sink_ptr sink, std::string_view level, Host& host)
      : logger_("penstock", std::move(sink)), host_(host) {
    logger_.set_level(spdlog::level::from_str(std::string(level)));
    logger_.flush_on(spdlog::level::trace);
    logger_.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  }
  ~LogTracer() override {
    if (std::uint64_t dropped = open_.dropped()) {
      host_.log(Level::warn, "tracer log: " + std::to_string(dropped) + " spans were dropped: more than 100000 open");
    }
  }

  static Result<std::unique_ptr<Tracer>> open(Host& host, const Settings& settings) {
    Result<spdlog::sink_ptr> sink = open_sink(std::string(settings.text("file")));
    if (!sink) return sink.error();
    return std::make_unique<LogTracer>(std::move(sink).value(), settings.text("level"), host);
  }

  std::uint64_t start(const SpanStart& s) noexcept override {
    Result<std::uint64_t> number = guard([&]() -> Result<std::uint64_t> {
      Span span{.name = cut(s.name), .kind = cut(s.kind), .queue = cut(s.queue), .task = cut(s.task)};
      span.attempt = s.attempt;
      span.began = std::chrono::steady_clock::now();
      if (std::optional<TraceContext> parent = parse_traceparent(s.parent)) {
        span.parent = std::move(parent->span);
        span.context.trace = std::move(parent->trace);
      } else {
        span.context.trace = random_id(16);
      }
      span.context.span = random_id(8);
      if (span.context.trace.empty() || span.context.span.empty()) return std::uint64_t{0};
      return open_.add(std::move(span));
    });
    return number ? *number : 0;
  }

  void end(std::uint64_t number, const SpanEnd& end) noexcept override {
    (void)guard([&]() -> Result<void> {
      std::optional<Span> span = open_.remove(number);
      if (!span) return {};
      logger_.log(level_of(end), format_line(*span, end, std::chrono::steady_clock::now() - span->began));
      return {};
    });
  }

  std::string inject(std::uint64_t number) noexcept override {
    Result<std::string> out = guard([&]() -> Result<std::string> {
      std::optional<TraceContext> context = open_.context(number);
      return context ? format_traceparent(*context) : std::string();
    });
    return out ? std::move(*out) : std::string();
  }

 private:
  static std::string cut(std::string_view text) { return std::string(text.substr(0, 256)); }

  spdlog::logger logger_;
  OpenSpans open_{kMostOpen};
  Host& host_;
};

}  // namespace
}  // namespace penstock::log

PENSTOCK_PLUGIN(log, "0.1.0", "MIT",
                penstock::component<penstock::Tracer, penstock::log::LogTracer>(
                    "log", "Each span as one line, when it ends, with its W3C trace and span ids.",
                    penstock::log::kSettings));
