// What the core sections of a config file may say; help texts are made from these tables too.
#include "config/core.hpp"

namespace penstock::config {
namespace {

constexpr std::int64_t kDay = 86'400'000, kYear = 365 * kDay, kGiB = 1 << 30;
constexpr std::int64_t kAny = INT64_MAX;

constexpr Setting kWorker[] = {
    {"threads", Kind::integer, "0", "Handlers that run at once; 0 means one for each core.", 0, 4096},
    {"lease", Kind::duration, "10s", "How long a task is lent to a worker before others may take it.", 100, kDay},
    {"batch", Kind::integer, "64", "Tasks asked for at most in one exchange with the backend.", 1, 10'000},
    {"timeout", Kind::duration, "5m", "Longest run of one attempt; `0s` means no limit.", 0, kAny},
    {"grace", Kind::duration, "5s", "How long a handler may go on after it was asked to stop.", 0, kDay},
    {"retries", Kind::integer, "3", "Further attempts after a failure.", 0, 1'000'000},
    {"backoff", Kind::duration, "1s", "Wait before the first retry; doubles with each further one.", 0, kYear},
    {"backoff_cap", Kind::duration, "60s", "Longest wait before a retry.", 0, kYear},
    {"jitter", Kind::boolean, "true", "Whether a retry waits a random part of its time only."},
    {"retry_budget", Kind::number, "0",
     "Share of failing attempts of a kind above which retries are put off by the cap; 0: none.", 0, 1},
    {"max_crashes", Kind::integer, "3", "Crashes of its worker after which a task is dead.", 1, 1'000'000},
    {"max_stuck", Kind::integer, "4", "Threads that may be stuck before the worker stops leasing.", 0, 4096},
    {"stop_timeout", Kind::duration, "30s", "How long a graceful stop waits for running handlers.", 0, kDay},
    {"local_limit", Kind::integer, "0", "In-memory tasks that may wait; 0 means no limit.", 0, kAny},
    {"local_if_full", Kind::choice, "reject", "What a submit does at this limit: fail, or wait for room.", 0, 0,
     "reject|block"},
    {"max_payload", Kind::size, "1MiB", "Largest payload of a task.", 1, kGiB},
    {"handlers", Kind::list, "", "Modules of handlers to load: plugin names or absolute paths."},
};
constexpr Setting kBackend[] = {
    {"use", Kind::string, "sqlite", "The backend that stores durable tasks."},
    {"module", Kind::string, "", "Absolute path of the backend's module, instead of a search by name."},
    {"wrap", Kind::list, "", "Wrappers around the backend, such as `metrics`, the outermost first."},
    {"durability", Kind::choice, "", "What an accepted task must survive; empty takes what the backend gives.", 0, 0,
     "|memory|process|power|failover"},
};
constexpr Setting kCodec[] = {
    {"use", Kind::list, "json", "A value codec, then transforms in the order in which they are applied."},
    {"also", Kind::list, "", "Further codecs, only to read what was written under another config."},
};
constexpr Setting kLimiter[] = {
    {"use", Kind::string, "", "The rate limiter; empty means none."},
    {"module", Kind::string, "", "Absolute path of the limiter's module, instead of a search by name."},
    {"wrap", Kind::list, "", "Wrappers around the limiter, the outermost first."},
};
constexpr Setting kLimit[] = {
    {"running", Kind::integer, "-1", "Tasks that run at once, in all processes; negative means no limit.", -1, kAny},
    {"rate", Kind::rate, "0/s", "Tasks that start, on average; 0 means no limit.", 0, 1'000'000},
    {"burst", Kind::integer, "1", "Tasks that may start at once after a rest.", 1, UINT32_MAX},
};
constexpr Setting kTracer[] = {
    {"use", Kind::string, "", "Where spans go; empty means nowhere."},
    {"module", Kind::string, "", "Absolute path of the tracer's module, instead of a search by name."},
    {"wrap", Kind::list, "", "Wrappers around the tracer, the outermost first."},
};
constexpr Setting kPlugins[] = {
    {"path", Kind::list, "", "Absolute directories to search for modules, before the installed one."},
    {"allow", Kind::list, "", "The only plugins that may be loaded as modules; empty allows all."},
};
constexpr Setting kRetention[] = {
    {"count", Kind::integer, "10000", "Ended in-memory tasks kept at most.", 0, kAny},
    {"age", Kind::duration, "15m", "How long an ended in-memory task is kept.", 0, kAny},
    {"bytes", Kind::size, "64MiB", "Memory for ended in-memory tasks and their results, about.", 0, kAny},
};
constexpr Setting kResults[] = {
    {"age", Kind::duration, "24h", "How long the result of a durable task is kept.", 0, kAny},
    {"bytes", Kind::size, "256MiB", "Octets of results kept at most in a queue.", 0, kAny},
};
constexpr Setting kLog[] = {
    {"level", Kind::choice, "info", "The least level that is written.", 0, 0, "debug|info|warn|error"},
};
constexpr Table kTables[] = {
    {"worker", "How this process runs tasks.", kWorker},
    {"backend", "Where durable tasks are stored.", kBackend, true},
    {"codec", "How values become payloads.", kCodec, true},
    {"limiter", "How fast tasks may start.", kLimiter, true},
    {"limits", "What queues and gates let through, in all processes.", {}},
    {"tracer", "Where traces go.", kTracer, true},
    {"handlers", "Settings of handler modules.", {}, true},
    {"plugins", "Where modules are found.", kPlugins},
    {"retention", "What is remembered of ended in-memory tasks.", kRetention},
    {"results", "What is kept of ended durable tasks.", kResults},
    {"log", "What is written to the log.", kLog},
};

}  // namespace

std::span<const Setting> limit_settings() { return kLimit; }
std::span<const Table> core_tables() { return kTables; }

}  // namespace penstock::config
