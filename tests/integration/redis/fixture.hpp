// Short ways to say what the tests of the client say often.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <initializer_list>
#include <string>
#include <vector>

#include "redis/client.hpp"

namespace penstock::redis {

using namespace std::chrono_literals;

inline Deadline in(std::chrono::milliseconds time) { return Clock::now() + time; }

// Whether it comes to be so within a time that is long beside what it takes.
template <class Predicate>
bool eventually(Predicate so) {
  for (const Deadline end = in(30s); Clock::now() < end;)
    if (so()) return true;
  return false;
}

// A batch that owns the words of its calls.
class Words {
 public:
  Call& command(const std::vector<std::string_view>& words) {
    Call& call = calls_.emplace_back();
    call.args = keep(words);
    if (call.args.size() > 1) call.route = call.args[1];
    return call;
  }
  Call& script(const Script& script, const std::vector<std::string_view>& keys,
               const std::vector<std::string_view>& args) {
    Call& call = calls_.emplace_back();
    call.script = &script;
    call.keys = keep(keys), call.args = keep(args);
    return call;
  }
  std::vector<Result<Reply>> run(Client& client, Deadline deadline, Lane lane = Lane::calls) {
    return client.call(std::vector<Call>(calls_.begin(), calls_.end()), deadline, lane);
  }

 private:
  std::span<const std::string_view> keep(const std::vector<std::string_view>& words) {
    auto& views = views_.emplace_back();
    for (std::string_view word : words) views.push_back(texts_.emplace_back(word));
    return views;
  }

  std::deque<Call> calls_;
  std::deque<std::string> texts_;
  std::deque<std::vector<std::string_view>> views_;
};

inline Result<Reply> ask(Client& client, std::initializer_list<std::string_view> words, Deadline deadline = in(10s)) {
  Words batch;
  batch.command(words);
  return std::move(batch.run(client, deadline).front());
}

// The text of a reply, or of the error in its place.
inline std::string text(const Result<Reply>& result) {
  if (!result) return std::string(name(result.error().code)) + ": " + result.error().message;
  if (result->kind() == Reply::Kind::integer) return std::to_string(result->integer());
  return std::string(result->text());
}

// All that a reply holds, on one line.
inline std::string shown(const Reply& reply) {
  switch (reply.kind()) {
    case Reply::Kind::nil:
      return "nil";
    case Reply::Kind::integer:
      return std::to_string(reply.integer());
    case Reply::Kind::array: {
      std::string out = "[";
      for (std::size_t i = 0; i < reply.size(); ++i) out += shown(reply[i]) + " ";
      return out + "]";
    }
    default:
      return std::string(reply.text());
  }
}

inline Options options(const std::string& url) {
  Result<Options> parsed = parse_url(url);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace penstock::redis
