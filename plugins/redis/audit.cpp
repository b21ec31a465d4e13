#include "audit.hpp"

#include <array>
#include <map>
#include <set>
#include <string>

#include <penstock/plugin/names.hpp>

#include "packing.hpp"

namespace penstock::redis {
namespace {

constexpr std::size_t kKeysAtOnce = 300;  // of one queue, by one script
constexpr int kTries = 5;                 // at sums that take several scripts, while others change what they add up

std::string one_line(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kDigits[octet >> 4];
      out += kDigits[octet & 15];
    }
  }
  return out;
}

class Auditor {
 public:
  using Failed = std::optional<Error>;

  Auditor(Server& server, std::uint32_t at_most) : server_(server), at_most_(at_most) {}

  Result<Audited> look() {
    if (auto e = keys()) return *e;
    const auto names = server_.queues(server_.deadline());  // after the keys: whoever makes a key has made the name
    if (!names) return names.error();
    const std::set<std::string> known(names->begin(), names->end());
    with_keys_.insert(known.begin(), known.end());
    for (const std::string& queue : with_keys_) {
      const std::uint64_t before = out_.tasks;
      for (const char* pass : {"heads", "tasks", "ended", "flows"}) {
        const auto readable = look_at(queue, pass);
        if (!readable) return readable.error();
        if (!*readable) break;
      }
      if (out_.tasks > before && !known.contains(queue))
        found("queues", queue, "it has tasks, but its name is not known");
    }
    return std::move(out_);
  }

 private:
  // ---- keys

  Failed keys() {
    const auto nodes = server_.client().nodes(server_.deadline());
    if (!nodes) return nodes.error();
    const std::string pattern = "{" + server_.options().prefix + "[:}]*";
    for (const Address& node : *nodes) {
      std::string cursor = "0";
      do {
        const std::string_view words[] = {"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"};
        Call call;
        call.args = words, call.node = &node, call.safe_to_repeat = true;
        const auto page = server_.client().call(call, server_.deadline());
        if (!page) return page.error();
        if (auto e = keys((*page)[1])) return e;
        cursor = (*page)[0].text();
      } while (cursor != "0");
    }
    return std::nullopt;
  }

  Failed keys(const Reply& page) {
    const std::string tag = "{" + server_.options().prefix;
    std::map<std::string, std::vector<std::string>, std::less<>> of_queues;  // what stands behind P
    for (std::size_t i = 0; i < page.size(); ++i) {
      const Reply key = page[i];
      const std::string_view rest = key.text().substr(std::min(tag.size() + 1, key.text().size()));
      const std::size_t end = rest.find("}:");
      if (key.text().starts_with(tag + ":") && end != std::string_view::npos && valid_name(rest.substr(0, end))) {
        of_queues[std::string(rest.substr(0, end))].emplace_back(rest.substr(end + 2));
      } else if (auto e = other_key(key.text(), rest)) {
        return e;
      }
    }
    for (const auto& [queue, names] : of_queues) {
      with_keys_.insert(queue);
      for (std::size_t from = 0; from < names.size(); from += kKeysAtOnce) {
        Server::Run run = script(queue, "keys");
        for (std::size_t i = from; i < std::min(names.size(), from + kKeysAtOnce); ++i) run.words.add(names[i]);
        const auto answer = server_.run(std::move(run), server_.deadline());
        if (!answer) return answer.error();
        take(queue, *answer);
      }
    }
    return std::nullopt;
  }

  // One that is not a queue's. `rest`: behind the prefix and what follows it.
  Failed other_key(std::string_view key, std::string_view rest) {
    static constexpr std::pair<std::string_view, const char*> kShared[] = {
        {":queues", "set"}, {":documents", "hash"}, {":hold", "string"}};
    const bool bucket = rest.starts_with("tokens:") && rest.ends_with('}');
    const char* should = bucket || (rest.starts_with("leader:") && rest.ends_with('}')) ? "string" : nullptr;
    for (const auto& [name, type] : kShared) {
      if (rest == name && key == server_.shared(name.substr(1))) should = type;
    }
    const auto type = server_.command({"TYPE", key}, server_.deadline(), true);
    if (!type) return type.error();
    if (type->text() == "none") return std::nullopt;
    const auto left = server_.command({"PTTL", key}, server_.deadline(), true);
    if (!left) return left.error();
    const std::string where = "key " + std::string(key);
    if (!should) {
      found("keys", where, "nobody knows what it is for");
    } else if (type->text() != should) {
      found("keys", where, "it is a " + std::string(type->text()) + ", not a " + should);
    }
    if (!bucket && left->integer() >= 0) found("keys", where, "it will expire, and holds what must not be lost");
    return std::nullopt;
  }

  // ---- the passes of lua/audit.lua

  Server::Run script(std::string_view queue, std::string_view pass) {
    Server::Run run{server_.scripts().audit, {server_.key(queue)}, server_.words(), false};
    run.words.add(pass);
    return run;
  }

  // False: what is there makes no sense. The first try goes to the end; others are for the sums, and as soon as
  // something has changed they are in vain.
  Result<bool> look_at(const std::string& queue, std::string_view pass) {
    for (int i = 0; i < kTries; ++i) {
      Sums sums;
      std::string cursor = "0", moment;
      std::int64_t step = 1, done = 0;
      bool at_once = true;
      for (bool first = true; step > 0 && (at_once || i == 0); first = false) {
        Server::Run run = script(queue, pass);
        run.words.add(step);
        run.words.add(cursor);
        run.words.add(done);
        const auto answer = server_.run(std::move(run), server_.deadline());
        if (!answer) return answer.error();
        const Reply& a = *answer;
        const std::string now(a[7].text());
        at_once = first || (at_once && !now.empty() && now == moment);
        moment = now;
        step = a[0].integer(), cursor = a[1].text(), done = a[2].integer();
        if (i == 0) {
          out_.tasks += static_cast<std::uint64_t>(a[3].integer());
          take(queue, a);
        }
        add(sums, a[6]);
      }
      if (step < 0) return false;
      if (!at_once && !sums.empty()) continue;  // work went on meanwhile: another time
      for (const auto& [name, s] : sums) compare(queue, name, s);
      break;
    }
    return true;
  }

  struct Sum {
    std::int64_t said = 0, real = 0;
  };
  using Sums = std::map<std::string, Sum, std::less<>>;

  static void add(Sums& sums, const Reply& some) {
    for (std::size_t i = 0; i + 2 < some.size(); i += 3) {
      const Reply name = some[i];
      Sum& s = sums[std::string(name.text())];
      s.said += integer(some[i + 1].text());
      s.real += integer(some[i + 2].text());
    }
  }

  void compare(const std::string& queue, std::string_view name, const Sum& s) {
    if (s.said == s.real) return;
    const std::size_t end = name.find('\n');
    found(name.substr(0, end), queue + ", " + std::string(name.substr(end + 1)),
          "it is said to be " + std::to_string(s.said) + ", but is " + std::to_string(s.real));
  }

  // ---- what is found

  void take(const std::string& queue, const Reply& answer) {
    const Reply named = answer[5];
    for (std::size_t i = 0; i + 2 < named.size(); i += 3) {
      const Reply rule = named[i], where = named[i + 1], what = named[i + 2];
      found(rule.text(), queue + ", " + std::string(where.text()), what.text());
    }
    const auto all = static_cast<std::uint64_t>(answer[4].integer());
    out_.broken += all - std::min<std::uint64_t>(all, named.size() / 3);
  }

  // An element may come up in two pages.
  void found(std::string_view rule, std::string_view where, std::string_view what) {
    Violation v{std::string(rule), one_line(where), one_line(what)};
    if (!told_.insert(std::hash<std::string>()(v.rule + '\n' + v.where + '\n' + v.what)).second) return;
    if (++out_.broken <= at_most_) out_.violations.push_back(std::move(v));
  }

  Server& server_;
  const std::uint32_t at_most_;
  std::set<std::string> with_keys_;  // queues
  std::set<std::size_t> told_;
  Audited out_;
};

}  // namespace

Result<Audited> audit(Server& server, std::uint32_t at_most) { return Auditor(server, at_most).look(); }

}  // namespace penstock::redis
