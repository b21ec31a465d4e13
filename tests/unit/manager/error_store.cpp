// Error groups into documents that others write too, on a store whose answers get lost.
#include "manager/error_store.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

using namespace penstock;
using impl::ErrorStore;

namespace {

// Documents, and what happens before and after a write.
class Shelf final : public Registry {
 public:
  Result<std::vector<Document>> list(std::string_view prefix) noexcept override {
    if (down) return Error{Errc::unavailable, "down", true};
    std::vector<Document> out;
    for (const auto& [name, document] : documents) {
      if (name.starts_with(prefix)) out.push_back(document);
    }
    return out;
  }
  Result<std::uint64_t> put(const Document& d) noexcept override {
    ++puts;
    if (before_put) std::exchange(before_put, nullptr)();
    if (auto lost = std::exchange(lose, Lose::nothing); lost != Lose::nothing) {
      if (lost == Lose::answer) write(d);
      return Error{Errc::unknown_outcome, "lost", true};
    }
    if (documents[d.name].revision != d.revision || busy) return Error{Errc::conflict, "other revision"};
    return write(d);
  }

  enum class Lose { nothing, request, answer } lose = Lose::nothing;
  bool down = false, busy = false;
  int puts = 0;
  std::function<void()> before_put;
  std::map<std::string, Document> documents;

 private:
  std::uint64_t write(const Document& d) {
    documents[d.name] = {d.name, d.value, d.revision + 1};
    return d.revision + 1;
  }
};

class Listener final : public Host {
 public:
  void log(Level, std::string_view message) noexcept override { said += std::string(message) + "\n"; }
  void* query(std::string_view) noexcept override { return nullptr; }
  std::string said;
};

struct Lab {
  Shelf shelf;
  Listener host;
  ErrorStore store{shelf, host, 1 << 20};
  durable::ErrorGroups one(const std::string& message = "m", const std::string& kind = "k") {
    durable::ErrorGroups g;
    g.add(kind, message, "b", Time(Millis(5)));
    return g;
  }
  std::uint64_t count(std::string_view queue = "jobs") {
    std::uint64_t sum = 0;
    const auto groups = store.read(queue);
    for (const ErrorGroup& g : *groups) sum += g.count;
    return sum;
  }
};

}  // namespace

TEST_CASE("groups go into their queue's document, and add up there") {
  Lab lab;
  CHECK(lab.store.add("jobs", lab.one("first 1")));
  CHECK(lab.store.add("jobs", lab.one("first 2")));
  CHECK(lab.store.add("jobs2", lab.one("other")));
  const auto jobs = *lab.store.read("jobs");
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].queue == "jobs");
  CHECK(jobs[0].count == 2);
  CHECK(lab.store.read("")->size() == 2);
  CHECK(lab.shelf.documents.at("penstock.errors/jobs").revision == 2);
}

TEST_CASE("what another process writes in between is kept") {
  Lab lab;
  lab.shelf.before_put = [&] { CHECK(lab.store.add("jobs", lab.one())); };
  CHECK(lab.store.add("jobs", lab.one()));
  CHECK(lab.count() == 2);
  CHECK(lab.shelf.puts == 3);
}

TEST_CASE("a write whose answer is lost counts once") {
  Lab lab;
  lab.shelf.lose = Shelf::Lose::answer;
  CHECK(lab.store.add("jobs", lab.one()));
  CHECK(lab.count() == 1);
  lab.shelf.lose = Shelf::Lose::request;
  CHECK(lab.store.add("jobs", lab.one()));
  CHECK(lab.count() == 2);
}

TEST_CASE("a store that is down, or written all the time, is an error") {
  Lab lab;
  lab.shelf.busy = true;
  CHECK(lab.store.add("jobs", lab.one()).error().code == Errc::conflict);
  CHECK(lab.shelf.puts == 16);
  lab.shelf.down = true;
  CHECK(lab.store.add("jobs", lab.one()).error().code == Errc::unavailable);
  CHECK(lab.store.read("").error().code == Errc::unavailable);
}

TEST_CASE("a damaged document is started anew, with a warning") {
  Lab lab;
  CHECK(lab.store.add("jobs", lab.one()));
  lab.shelf.documents.at("penstock.errors/jobs").value.pop_back();
  CHECK(lab.store.read("jobs")->empty());
  CHECK(lab.store.add("jobs", lab.one()));
  CHECK(lab.count() == 1);
  CHECK_THAT(lab.host.said, Catch::Contains("document penstock.errors/jobs is damaged, or no list of errors\n"));
}

TEST_CASE("a document of a later version is left as it is") {
  Lab lab;
  const std::string later = "penstock.errors 2 whatever comes\n";
  lab.shelf.documents["penstock.errors/jobs"] = {"penstock.errors/jobs", later, 7};
  CHECK(lab.store.add("jobs", lab.one()));
  CHECK(lab.shelf.documents.at("penstock.errors/jobs").value == later);
  CHECK_THAT(lab.host.said, Catch::Contains("was written by a later version"));
}
