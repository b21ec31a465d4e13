#include "leaders.hpp"

#include <string>

#include "../shared/leadership_checks.hpp"
#include "decimal.hpp"

namespace penstock::redis {
namespace {

Term read(const Reply& answer) {
  return {decimal<std::uint64_t>(answer[0].text()).value_or(0), std::string(answer[1].text()),
          Millis(decimal<std::int64_t>(answer[2].text()).value_or(0))};
}

constexpr Millis kNone{1};  // where none is meant

}  // namespace

Result<Reply> Leaders::run(std::string_view what, std::string_view name, std::string_view who, Millis ttl) {
  if (auto e = shared::wrong_leadership(name, who, ttl)) return *e;
  Server::Run run{
      server_.scripts().leader, {server_.key("leader:" + std::string(name))}, server_.words(), what != "look"};
  run.words.add(what);
  run.words.add(who);
  run.words.add(std::int64_t{ttl.count()});
  return server_.run(std::move(run), server_.deadline());
}

Result<Term> Leaders::campaign(std::string_view name, std::string_view candidate, Millis ttl) {
  const auto answer = run("campaign", name, candidate, ttl);
  if (!answer) return answer.error();
  return read(*answer);
}

Result<bool> Leaders::renew(std::string_view name, std::uint64_t term, Millis ttl) {
  const auto answer = run("renew", name, std::to_string(term), ttl);
  if (!answer) return answer.error();
  return (*answer)[3].integer() == 1;
}

Result<bool> Leaders::resign(std::string_view name, std::uint64_t term) {
  const auto answer = run("resign", name, std::to_string(term), kNone);
  if (!answer) return answer.error();
  return (*answer)[3].integer() == 1;
}

Result<Term> Leaders::term(std::string_view name) {
  const auto answer = run("look", name, "-", kNone);
  if (!answer) return answer.error();
  return read(*answer);
}

}  // namespace penstock::redis
