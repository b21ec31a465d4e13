// Bodies and notes are octets, from none to max_body, and come back exactly.
#include "conformance/lab.hpp"
#include "conformance/promises.hpp"

namespace penstock::conformance::areas {

namespace {

// Through enqueue, claim, a note, another claim and the record of the end.
void comes_back(Lab& lab, const std::string& octets) {
  NewTask t = lab.task();
  t.body = octets;
  lab.put(t);
  same(lab.record(t.key).body, octets, "the body on record");
  Leased got = lab.claim_one();
  same(got.body, octets, "the body claimed");
  Settlement s = lab.say(got, State::ready);
  s.note = octets;
  same(lab.settle(s), Item::ok, "a retry with a note");
  got = lab.claim_one();
  same(got.body, octets, "the body claimed again");
  same(got.note, octets, "the note claimed");
  lab.finish(got, State::succeeded, kKeepForever);
  same(lab.record(t.key).body, octets, "the body kept after the end");
  same(lab.record(t.key).note, octets, "the note kept after the end");
}

std::string random_octets(Lab& lab, std::size_t size) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(lab.random().below(256));
  return out;
}

std::size_t largest(Lab& lab) {
  lab.need(lab.properties().max_body <= (64u << 20), "a max_body of at most 64 MiB");
  return static_cast<std::size_t>(lab.properties().max_body);
}

constexpr Promise kBodiesPromises[] = {
    {"body.empty", "An empty body is valid and comes back empty.", 0, nullptr,
     [](Lab& lab) {
       NewTask t = lab.task();
       t.body = {};
       lab.put(t);
       same(lab.claim_one().body, "", "the body");
     }},

    {"body.every_octet", "Each of the 256 octets, alone and together, comes back as it was sent.", 0, nullptr,
     [](Lab& lab) {
       std::string all;
       for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
       comes_back(lab, all);
       for (char c : {'\0', '\n', '\r', '"', '\'', '\\', '\x7f', '\xff'}) comes_back(lab, std::string(1, c));
     }},

    {"body.nul_octets", "NUL octets at the start, inside and at the end are kept.", 0, nullptr,
     [](Lab& lab) { comes_back(lab, std::string("\0a\0\0b\0", 6)); }},

    {"body.text_in_any_encoding", "Invalid UTF-8, line ends and the syntax of stores are octets like any others.", 0,
     nullptr,
     [](Lab& lab) {
       for (const char* octets : {"\xc3\x28\xff\xfe", "\xed\xa0\x80", "$5\r\nhello\r\n*0\r\n",
                                  "'; DELETE FROM task; --", "{\"a\":1}", "x'00'", "NULL", " ", "0", "-1", "1e999"})
         comes_back(lab, octets);
     }},

    {"body.many_sizes", "Bodies of sizes around the powers of two come back as they were sent.", 0, nullptr,
     [](Lab& lab) {
       for (std::size_t bit = 0; bit <= 16; ++bit)
         for (std::size_t size : {(std::size_t{1} << bit) - 1, std::size_t{1} << bit, (std::size_t{1} << bit) + 1})
           if (size >= 1 && size <= lab.properties().max_body) comes_back(lab, random_octets(lab, size));
     }},

    {"body.of_max_body", "A body of exactly max_body octets is accepted and comes back.", 0, nullptr,
     [](Lab& lab) {
       const std::string body = random_octets(lab, largest(lab));
       NewTask t = lab.task();
       t.body = body;
       lab.put(t);
       holds(lab.claim_one().body == body, "the same octets back");
     }},

    {"body.over_max_body_is_invalid",
     "A body of one octet more than max_body is answered invalid, and nothing is kept.", 0, nullptr,
     [](Lab& lab) {
       const std::string body(largest(lab) + 1, 'x');
       NewTask t = lab.task();
       t.body = body;
       same(lab.enqueue(t), Item::invalid, "the answer");
       holds(!lab.get(t.key), "no record");
       lab.nothing_claimable("a refused enqueue");
     }},

    {"note.of_max_body", "A note of exactly max_body octets is accepted and comes back.", 0, nullptr,
     [](Lab& lab) {
       const std::string note = random_octets(lab, largest(lab));
       const Leased t = lab.leased();
       Settlement s = lab.say(t, State::ready);
       s.note = note;
       same(lab.settle(s), Item::ok, "the settlement");
       holds(lab.claim_one().note == note, "the same octets back");
     }},

    {"note.over_max_body_is_invalid",
     "A note of one octet more than max_body makes the settlement invalid, and nothing changes.", 0, nullptr,
     [](Lab& lab) {
       const std::string note(largest(lab) + 1, 'x');
       const Leased t = lab.leased();
       const std::string before = lab.dump();
       for (State to : {State::leased, State::ready, State::succeeded, State::dead}) {
         Settlement s = lab.say(t, to);
         s.note = note;
         same(lab.settle(s), Item::invalid, "a settlement to " + text(to));
       }
       lab.unchanged(before, "an invalid settlement");
     }},

    {"body.stays_through_every_attempt", "The body is the same at each delivery, however often the task is tried.", 0,
     nullptr,
     [](Lab& lab) {
       const std::string body = random_octets(lab, 5'000 < largest(lab) ? 5'000 : largest(lab));
       NewTask t = lab.task();
       t.body = body;
       lab.put(t);
       for (int i = 0; i < lab.harness().repeat; ++i) {
         const Leased got = lab.claim_one();
         holds(got.body == body, "the same octets at attempt " + text(i + 1));
         same(lab.settle(got, State::ready), Item::ok, "the retry");
       }
     }},
};

}  // namespace

Promises bodies() { return kBodiesPromises; }

}  // namespace penstock::conformance::areas
