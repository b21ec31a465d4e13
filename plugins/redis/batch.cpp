#include "batch.hpp"

#include <algorithm>
#include <charconv>
#include <mutant.hpp>

#include "encode.hpp"

namespace penstock::redis {
namespace {

constexpr std::uint8_t kMostHops = 5;

void append_script(std::string& out, const Call& call, bool whole) {
  char keys[24];
  const char* end = std::to_chars(keys, keys + sizeof keys, call.keys.size()).ptr;
  append_count(out, '*', 3 + call.keys.size() + call.args.size());
  append_word(out, whole ? "EVAL" : "EVALSHA");
  append_word(out, whole ? std::string_view(call.script->source()) : call.script->sha());
  append_word(out, {keys, static_cast<std::size_t>(end - keys)});
  append_words(out, call.keys);
  append_words(out, call.args);
}

// At least what the call takes when it is written.
std::size_t octets_of(const Call& call, bool whole) {
  std::size_t out = 128 + (whole && call.script ? call.script->source().size() : 0);
  for (const auto& words : {call.keys, call.args}) {
    for (std::string_view word : words) out += word.size() + 16;
  }
  return out;
}

std::string_view route_of(const Call& call) {
  if (!call.route.empty() || !call.script || call.keys.empty()) return call.route;
  return call.keys.front();
}

}  // namespace

Batch::Batch(Router& router, std::span<const Call> calls, Deadline deadline, Lane lane)
    : router_(router),
      calls_(calls),
      deadline_(deadline),
      lane_(lane),
      progress_(calls.size()),
      results_(calls.size(), Result<Reply>(Reply())) {
  for (Progress& p : progress_) p.again = true;
}

std::vector<Result<Reply>> Batch::run() {
  const auto wanted = [](const Progress& p) { return p.again; };
  while (std::any_of(progress_.begin(), progress_.end(), wanted)) {
    if (Clock::now() >= deadline_) {
      for (std::size_t i = 0; i < calls_.size(); ++i) {
        if (progress_[i].again) fail(i, unavailable("redis: the time of the call is over"));
      }
      break;
    }
    plan();
    if (legs_.size() == 1) {
      fly(legs_.front());
      continue;
    }
    for (Leg& leg : legs_) borrow(leg);
    for (Leg& leg : legs_) send(leg);
    for (Leg& leg : legs_) receive(leg);
  }
  return std::move(results_);
}

void Batch::plan() {
  legs_.clear();
  try {
    router_.prepare(deadline_);
  } catch (const Failure&) {  // the calls themselves will tell
  }
  std::shared_ptr<Node> before;   // of the call just looked at, when it is in this round
  const Error* failed = nullptr;  // or why it is not
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    Progress& p = progress_[i];
    const std::shared_ptr<Node> head = calls_[i].follows ? std::exchange(before, nullptr) : nullptr;
    const Error* head_failed = calls_[i].follows ? std::exchange(failed, nullptr) : nullptr;
    before = nullptr, failed = nullptr;
    if (!std::exchange(p.again, false)) continue;
    try {
      if (head_failed) throw Failure(*head_failed);
      if (head) p.asking = progress_[i - 1].asking;
      before = head ? head : target(i);
      leg_to(before).calls.push_back(i);
    } catch (const Failure& failure) {
      fail(i, failure.error());
      failed = &results_[i].error();
    }
  }
  // Everybody borrows in one order, so nobody waits for one who waits for him.
  std::sort(legs_.begin(), legs_.end(),
            [](const Leg& a, const Leg& b) { return a.node->address() < b.node->address(); });
}

std::shared_ptr<Node> Batch::target(std::size_t i) {
  if (progress_[i].node) return progress_[i].node;
  return calls_[i].node ? router_.node_at(*calls_[i].node) : router_.node_of(route_of(calls_[i]));
}

Batch::Leg& Batch::leg_to(std::shared_ptr<Node> node) {
  const auto found = std::find_if(legs_.begin(), legs_.end(), [&](const Leg& leg) { return leg.node == node; });
  if (found != legs_.end()) return *found;
  Leg& leg = legs_.emplace_back();
  leg.node = std::move(node);
  return leg;
}

// The calls of one node may share their flush with those of other callers.
void Batch::fly(Leg& leg) {
  const auto flight = std::make_shared<Flight>(deadline_);
  try {
    encode(leg, flight->octets);
    flight->commands = leg.commands;
    leg.node->fly(lane_, flight);
    if (flight->lost.empty()) return judge(leg, flight->received);
    lose(leg, flight->lost.c_str(), flight->handed);
  } catch (const Failure& failure) {
    refuse(leg, failure.error());
  }
}

void Batch::borrow(Leg& leg) {
  try {
    leg.connection = std::make_unique<Node::Borrowed>(leg.node->borrow(lane_, deadline_));
  } catch (const Failure& failure) {
    refuse(leg, failure.error());
  }
}

void Batch::refuse(Leg& leg, const Error& error) {
  if (leg.node->failing()) router_.doubt(*leg.node);
  for (std::size_t i : leg.calls) fail(i, error);
}

void Batch::send(Leg& leg) {
  if (!leg.connection) return;
  try {
    std::string out;
    encode(leg, out);
    (*leg.connection)->send(out, deadline_);
  } catch (const std::exception& e) {
    const std::size_t handed = (*leg.connection)->handed();
    leg.connection.reset();
    leg.node->forget();
    lose(leg, e.what(), handed);
  }
}

void Batch::encode(Leg& leg, std::string& out) {
  std::size_t size = 64;
  for (std::size_t i : leg.calls) size += octets_of(calls_[i], progress_[i].loads != 0);
  out.reserve(size);
  std::vector<const Script*> loaded;
  for (std::size_t i : leg.calls) {
    const Call& call = calls_[i];
    const Progress& p = progress_[i];
    leg.starts.push_back(out.size());
    if (p.loads == 1 && std::find(loaded.begin(), loaded.end(), call.script) == loaded.end()) {
      append_command(out, {"SCRIPT", "LOAD", call.script->source()});
      loaded.push_back(call.script);
      ++leg.commands;
    }
    if (p.asking) append_command(out, {"ASKING"}), ++leg.commands;
    if (call.script) {
      append_script(out, call, p.loads > 1);
    } else {
      append_command(out, call.args);
    }
    leg.places.push_back(leg.commands++);
  }
}

void Batch::receive(Leg& leg) {
  if (!leg.connection) return;
  try {
    const Connection::Received received = (*leg.connection)->receive(leg.commands, deadline_);
    if (received.refusal.empty()) leg.connection->put_back();
    leg.connection.reset();
    judge(leg, received);
  } catch (const std::exception& e) {
    const std::size_t handed = leg.connection ? (*leg.connection)->handed() : SIZE_MAX;
    leg.connection.reset();
    leg.node->forget();
    lose(leg, e.what(), handed);
  }
}

void Batch::judge(Leg& leg, const Connection::Received& received) {
  const std::string_view refusal = error_code(received.refusal);
  bool again = false;
  for (std::size_t k = 0; k < leg.calls.size(); ++k) {
    const std::size_t i = leg.calls[k];
    const Reply reply(received.values, received.roots[leg.places[k]]);
    if (!received.refusal.empty() && (!reply.is_error() || error_code(reply.text()) != refusal)) {
      progress_[i].may_have_happened = true;
      fail(i, unavailable("redis: " + to_text(leg.node->address()) + ": " + received.refusal));
      again = false;
      continue;
    }
    again = again && calls_[i].follows;
    progress_[i].again = again;
    if (!again) answer(leg, i, reply);
    again = progress_[i].again;
  }
}

void Batch::answer(Leg& leg, std::size_t i, const Reply& reply) {
  if (!reply.is_error()) {
    results_[i] = reply;
    return;
  }
  const std::string_view code = error_code(reply.text());
  if (redirect(leg, i, reply.text(), code)) return;
  if (code == "READONLY") leg.node->forget();
  if (code == "READONLY" || code == "CLUSTERDOWN") router_.doubt(*leg.node);
  Error error = server_error(reply.text());
  error.message += " [" + to_text(leg.node->address()) + "]";
  fail(i, std::move(error));
}

// The server did nothing, and said where or how to try again.
bool Batch::redirect(Leg& leg, std::size_t i, std::string_view error, std::string_view code) {
  Progress& p = progress_[i];
  if (code == "NOSCRIPT" && calls_[i].script && p.loads < 2 && !mutant("redis.client.noscript_forgotten")) {
    ++p.loads;
    p.node = leg.node;
    p.again = true;
    return true;
  }
  if ((code != "MOVED" && code != "ASK") || p.hops == kMostHops) return false;
  try {
    p.node = router_.redirected(error, *leg.node);
  } catch (const Failure& failure) {
    fail(i, failure.error());
    return true;
  }
  ++p.hops;
  p.asking = code == "ASK";
  p.again = true;
  return true;
}

// Called with no octet of the leg known to have been answered.
void Batch::lose(Leg& leg, const char* why, std::size_t handed) {
  router_.doubt(*leg.node);
  const std::string message = "redis: " + to_text(leg.node->address()) + ": " + why;
  const bool time_left = Clock::now() < deadline_;
  bool again = false;
  for (std::size_t k = 0; k < leg.calls.size(); ++k) {
    const std::size_t i = leg.calls[k];
    Progress& p = progress_[i];
    const bool sent = k >= leg.starts.size() || leg.starts[k] < handed;
    p.may_have_happened = p.may_have_happened || sent;
    p.node = nullptr;
    p.asking = false;
    again = time_left && !p.repeated && (calls_[i].safe_to_repeat || mutant("redis.client.all_repeated")) &&
            (again || !calls_[i].follows);
    p.again = again;
    p.repeated = p.repeated || again;
    if (!again) fail(i, unavailable(message));
  }
}

// Whatever went wrong last, an earlier attempt may have been carried out.
void Batch::fail(std::size_t i, Error error) {
  if (progress_[i].may_have_happened && !mutant("redis.client.unknown_denied"))
    error = unknown_outcome(std::move(error.message));
  results_[i] = std::move(error);
}

}  // namespace penstock::redis
