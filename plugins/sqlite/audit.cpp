#include "audit.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "audit_rules.hpp"
#include "statement.hpp"
#include "traits.hpp"
#include "transaction.hpp"

namespace penstock::sqlite {
namespace {

std::string_view octets(sqlite3_value* value) noexcept {
  const void* data = sqlite3_value_blob(value);
  return data ? std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_value_bytes(value)))
              : std::string_view();
}

void answer(sqlite3_context* context, std::string_view blob) noexcept {
  sqlite3_result_blob64(context, blob.empty() ? "" : blob.data(), blob.size(), SQLITE_TRANSIENT);
}

std::string uuid(std::string_view id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kDigits[static_cast<unsigned char>(id[i]) >> 4];
    out += kDigits[static_cast<unsigned char>(id[i]) & 15];
  }
  return out;
}

// Functions of SQL, see audit_rules.hpp. Rows may be damaged: none trusts what it is given.
template <class F>
void define(sqlite3* db, const char* name, int arguments, F) {
  auto call = [](sqlite3_context* context, int, sqlite3_value** values) noexcept {
    try {
      F{}(context, values);
    } catch (...) {
      sqlite3_result_error_nomem(context);
    }
  };
  const int code = sqlite3_create_function_v2(db, name, arguments, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, call,
                                              nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw failure(db, code, "create function");
}

void define_all(sqlite3* db) {
  define(db, "penstock_unique", 1, [](sqlite3_context* c, sqlite3_value** v) { answer(c, unique_of(octets(v[0]))); });
  define(db, "penstock_flow", 1, [](sqlite3_context* c, sqlite3_value** v) { answer(c, flow_of(octets(v[0]))); });
  define(db, "penstock_fair", 1, [](sqlite3_context* c, sqlite3_value** v) { answer(c, fair_of(octets(v[0]))); });
  define(db, "penstock_gate", 2, [](sqlite3_context* c, sqlite3_value** v) {
    const auto gates = gates_of(octets(v[0]));
    const auto i = static_cast<std::size_t>(sqlite3_value_int64(v[1]));
    if (i < gates.size()) answer(c, gates[i]);
  });
  define(db, "penstock_lists", 2, [](sqlite3_context* c, sqlite3_value** v) {
    const auto tasks = unpack(octets(v[0]));
    sqlite3_result_int(c, std::ranges::find(tasks, sqlite3_value_int64(v[1])) != tasks.end());
  });
  define(db, "penstock_task", 1, [](sqlite3_context* c, sqlite3_value** v) {
    const std::string text = "task " + uuid(octets(v[0]));
    sqlite3_result_text(c, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  });
}

class Auditor {
 public:
  Auditor(Connection& connection, std::uint32_t at_most) : connection_(connection), at_most_(at_most) {}

  Audited look() {
    if (!files()) return std::move(out_);
    const Statement queues(connection_.raw(), "SELECT q,name FROM penstock_queue");
    for (Use use(queues); use.next();) names_.emplace(use.integer(0), use.bytes(1));
    out_.tasks = static_cast<std::uint64_t>(connection_.integer("SELECT count(*) FROM penstock_task"));
    counts();
    for (const AuditRule& rule : kAuditRules) {
      const Statement statement(connection_.raw(), rule.sql);
      for (Use use(statement); use.next();) {
        found(rule.name, queue(use.integer(0)) + std::string(use.bytes(1)), std::string(use.bytes(2)));
      }
    }
    return std::move(out_);
  }

 private:
  // SQLite's own look at pages and indexes. What fails it makes no sense to the rules.
  bool files() {
    const Statement check(connection_.raw(), "PRAGMA integrity_check");
    for (Use use(check); use.next();) {
      if (use.bytes(0) != "ok") found("files", "", std::string(use.bytes(0)));
    }
    return out_.broken == 0;
  }

  void counts() {
    std::string said = "SELECT r.q", there = "SELECT q";
    for (const AuditCount& c : kAuditCounts) {
      said += std::string(",r.") + c.column + ",coalesce(t." + c.column + ",0)";
      there += std::string(",sum(") + c.of_task + ") " + c.column;
    }
    const Statement statement(connection_.raw(), said + " FROM penstock_queue r LEFT JOIN (" + there +
                                                     " FROM penstock_task GROUP BY q) t ON t.q=r.q");
    for (Use use(statement); use.next();) {
      int column = 1;
      for (const AuditCount& c : kAuditCounts) {
        const std::int64_t counted = use.integer(column++), real = use.integer(column++);
        if (counted == real) continue;
        found("counts", queue(use.integer(0)) + c.column,
              "it is said to be " + std::to_string(counted) + ", but is " + std::to_string(real));
      }
    }
  }

  std::string queue(std::int64_t q) const {
    const auto at = names_.find(q);
    return (at == names_.end() ? "queue number " + std::to_string(q) : at->second) + ", ";
  }

  void found(const char* rule, std::string where, std::string what) {
    if (++out_.broken <= at_most_) out_.violations.push_back({rule, std::move(where), std::move(what)});
  }

  Connection& connection_;
  const std::uint32_t at_most_;
  std::map<std::int64_t, std::string> names_;
  Audited out_;
};

}  // namespace

Audited audit(const Options& options, std::uint32_t at_most) {
  Connection connection(options);
  define_all(connection.raw());
  connection.execute("BEGIN");
  return Auditor(connection, at_most).look();  // closing it ends the snapshot
}

}  // namespace penstock::sqlite
