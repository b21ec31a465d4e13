#include "rights.hpp"

#include <algorithm>

namespace penstock::redis {
namespace {

void add(std::vector<std::string>& rights, std::string_view right) {
  if (std::find(rights.begin(), rights.end(), right) == rights.end()) rights.emplace_back(right);
}

// Nobody hears of work without it.
std::optional<Error> may_listen(Server& server, std::vector<std::string>& missing, Deadline deadline) {
  const auto heard = server.client().listen({server.channel()})->wait(deadline);
  if (heard.what != Listener::Heard::What::lost) return std::nullopt;
  if (heard.error.code != Errc::permission) return heard.error;
  add(missing, heard.error.message.find("channel") == std::string::npos ? "+subscribe" : "&" + server.channel());
  return std::nullopt;
}

}  // namespace

std::optional<Error> lacking_rights(Server& server, Deadline deadline) {
  const std::string of_queue = server.key("rights") + ":rights";
  const std::string of_all = server.shared("rights");
  const std::string keys_of_queues = of_queue.substr(0, of_queue.find(':') + 1) + "*", keys_of_all = server.shared("*");
  const std::string_view words[2][3] = {{of_queue, keys_of_queues, server.channel()},
                                        {of_all, keys_of_all, server.channel()}};
  Call calls[2];
  for (int i : {0, 1}) {
    calls[i].script = &server.scripts().rights;
    calls[i].route = words[i][0];
    calls[i].args = words[i];
    calls[i].safe_to_repeat = true;
  }
  std::vector<std::string> missing;
  for (const auto& answer : server.client().call(calls, deadline)) {
    if (!answer) return answer.error();
    for (std::size_t i = 0; i < answer->size(); ++i) add(missing, (*answer)[i].text());
  }
  if (auto e = may_listen(server, missing, deadline)) return e;
  if (missing.empty()) return std::nullopt;
  const std::string& user = server.client().options().user;
  std::string line = "redis: user " + (user.empty() ? std::string("default") : user) + " lacks rights at the server:";
  for (const std::string& right : missing) line += " " + right;
  return Error{Errc::permission, std::move(line)};
}

}  // namespace penstock::redis
