// Capability Registry: small named documents, changed only from the revision that was seen.
#include <atomic>

#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

std::uint64_t put(Lab& lab, const char* name, const std::string& value, std::uint64_t revision,
                  Here here = Here::now()) {
  return must(lab.cap<Registry>(here).put({name, value, revision}), "put", here);
}

std::vector<std::string> names(Lab& lab, std::string_view prefix, Here here = Here::now()) {
  std::vector<std::string> out;
  for (const Document& d : must(lab.cap<Registry>(here).list(prefix), "list", here)) out.push_back(d.name);
  return out;
}

constexpr Promise kRegistryPromises[] = {
    {"registry.put_makes_a_document",
     "Setting an absent document at revision 0 makes it, and list shows name, value and revision.", 0, kRegistryCap,
     [](Lab& lab) {
       const std::uint64_t revision = put(lab, "schedule.daily", "at noon", 0);
       holds(revision > 0, "a revision above 0");
       const auto docs = must(lab.cap<Registry>().list("schedule."), "list");
       same(docs.size(), 1u, "documents");
       same(docs[0].name, "schedule.daily", "the name");
       same(docs[0].value, "at noon", "the value");
       same(docs[0].revision, revision, "the revision");
     }},

    {"registry.put_needs_the_revision",
     "A document changes only from the revision it is at; any other is Errc::conflict and changes nothing.", 0,
     kRegistryCap,
     [](Lab& lab) {
       const std::uint64_t first = put(lab, "d", "1", 0);
       const std::uint64_t second = put(lab, "d", "2", first);
       for (std::uint64_t stale : {std::uint64_t{0}, first, second + 1, std::uint64_t{INT64_MAX}})
         fails(lab.cap<Registry>().put({"d", "3", stale}), Errc::conflict, "put at revision " + text(stale));
       const auto docs = must(lab.cap<Registry>().list("d"), "list");
       same(docs.at(0).value, "2", "the value");
       same(docs.at(0).revision, second, "the revision");
     }},

    {"registry.absent_document_has_revision_zero",
     "Setting an absent document at another revision than 0 is Errc::conflict.", 0, kRegistryCap,
     [](Lab& lab) {
       fails(lab.cap<Registry>().put({"d", "1", 5}), Errc::conflict, "put of an absent document at revision 5");
       same(names(lab, ""), {}, "the documents");
     }},

    {"registry.each_put_has_a_new_revision", "No revision comes twice, also when the value is the same.", 0,
     kRegistryCap,
     [](Lab& lab) {
       std::set<std::uint64_t> seen;
       std::uint64_t revision = 0;
       for (int i = 0; i < lab.harness().repeat; ++i) {
         revision = put(lab, "d", "the same", revision);
         same(seen.insert(revision).second, true, "whether revision " + text(revision) + " is new");
       }
     }},

    {"registry.list_is_by_name_and_prefix",
     "list gives the documents whose name starts with the prefix, sorted by name.", 0, kRegistryCap,
     [](Lab& lab) {
       for (const char* name : {"b.2", "a.1", "b.10", "c", "b.1", "B.1"}) put(lab, name, "x", 0);
       same(names(lab, "b."), {"b.1", "b.10", "b.2"}, "documents under b.");
       same(names(lab, ""), {"B.1", "a.1", "b.1", "b.10", "b.2", "c"}, "all documents");
       same(names(lab, "d"), {}, "documents under d");
     }},

    {"registry.prefix_is_no_pattern", "A prefix is compared octet by octet: no character in it stands for others.", 0,
     kRegistryCap,
     [](Lab& lab) {
       for (const char* name : {"a_b", "axb", "a.b", "A_B"}) put(lab, name, "x", 0);
       same(names(lab, "a_"), {"a_b"}, "documents under a_");
       for (const char* prefix : {"a%", "a*", "%", "*", "?", "[a]", "a?b", "'"})
         same(names(lab, prefix), {}, "documents under " + text(prefix));
     }},

    {"registry.values_are_octets", "Values of any octets, empty ones too, come back as they were set.", 0, kRegistryCap,
     [](Lab& lab) {
       std::string all;
       for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
       std::uint64_t revision = 0;
       for (const std::string& value : {all, std::string(), std::string(10'000, 'x'), std::string("\0", 1)}) {
         revision = put(lab, "d", value, revision);
         same(must(lab.cap<Registry>().list("d"), "list").at(0).value, value, "the value");
       }
     }},

    {"registry.bad_documents_are_invalid",
     "A name that is empty, has a NUL or more than 512 octets, and a value above max_body, are Errc::invalid, "
     "in a guard as well, and change nothing.",
     0, kRegistryCap,
     [](Lab& lab) {
       const std::string longest(kMaxDocumentName, 'n'), value(lab.properties().max_body + 1, 'v');
       const Document bad[] = {{"", "v"}, {longest + "n", "v"}, {std::string("a\0b", 3), "v"}, {"d", value}};
       for (const Document& d : bad) {
         fails(lab.cap<Registry>().put(d), Errc::invalid, "put of " + text(d.name));
         if ((lab.properties().features & kGuard) == 0) continue;
         const NewTask task = lab.task();
         const Guard guard{d.name, 0, d.value};
         fails(lab.store().enqueue({&task, 1}, &guard), Errc::invalid, "a guard of " + text(d.name));
         holds(!lab.get(task.key), "no task");
       }
       put(lab, longest.c_str(), "v", 0);
       same(names(lab, ""), {longest}, "the documents");
     }},

    {"registry.one_of_many_wins", "Of many puts at the same revision at once exactly one is accepted.", 0, kRegistryCap,
     [](Lab& lab) {
       Registry& registry = lab.cap<Registry>();
       std::atomic<int> won{0}, odd{0};
       std::uint64_t revision = 0;
       for (int round = 0; round < 10; ++round) {
         won = 0;
         std::atomic<std::uint64_t> next{0};
         Lab::together(lab.harness().threads, [&](int i) {
           const auto answer = registry.put({"d", text(i), revision});
           if (answer) ++won, next = *answer;
           if (!answer && answer.error().code != Errc::conflict) ++odd;
         });
         same(won.load(), 1, "the number of winners");
         revision = next;
       }
       same(odd.load(), 0, "answers other than success and conflict");
     }},

    {"registry.is_apart_from_tasks", "Documents and tasks of the same name do not disturb each other.", 0, kRegistryCap,
     [](Lab& lab) {
       lab.put("d");
       const std::string before = lab.dump();
       put(lab, "d", "x", 0);
       lab.unchanged(before, "a put");
       same(lab.claim(5, "d").size(), 1u, "tasks claimed");
     }},
};

}  // namespace

Promises registry() { return kRegistryPromises; }

}  // namespace penstock::conformance::areas
