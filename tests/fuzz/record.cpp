// What the core has stored: bodies, notes, error groups, tasks in an outbox. Others may have written there too.
#include "outbox/record.hpp"

#include <cstdio>
#include <string>

#include "base/fingerprint.hpp"
#include "durable/envelope.hpp"
#include "durable/error_groups.hpp"
#include "fuzz/fuzz.hpp"

namespace penstock::fuzz {
namespace {

std::string written(const durable::Envelope& envelope) {
  std::string out;
  encode(envelope, out);
  return out;
}

void envelope(std::string_view input) {
  const auto read = durable::decode_envelope(input);
  if (!read) return demand(one_line(read.error().message), "an error of an envelope is one line");
  const std::string once = written(*read);
  const auto again = durable::decode_envelope(once);
  demand(again && written(*again) == once, "an envelope reads as it was written");
}

void note(std::string_view input) {
  const std::string once = encode(durable::decode_note(input));
  demand(encode(durable::decode_note(once)) == once, "a note reads as it was written");
}

void error_document(std::string_view input) {
  const auto read = durable::decode_errors(input);
  if (!read) return demand(one_line(read.error().message), "an error of a list of errors is one line");
  const std::string once = encode(*read, 1 << 20);
  const auto again = durable::decode_errors(once);
  demand(again && encode(*again, 1 << 20) == once, "a list of errors reads as it was written");
}

// As it is, and as the lines below a head that fits them: nobody guesses the sum.
void errors(std::string_view input) {
  error_document(input);
  char head[40];
  std::snprintf(head, sizeof head, "penstock.errors 1 %016llx\n", static_cast<unsigned long long>(base::hash(input)));
  error_document(head + std::string(input));
}

void parcel(std::string_view input) {
  const auto read = outbox::decode(input);
  if (!read) return demand(one_line(read.error().message), "an error of an outbox is one line");
  const std::string once = outbox::encode(read->task, read->keep_holder);
  const auto again = outbox::decode(once);
  demand(again && outbox::encode(again->task, again->keep_holder) == once, "an outbox reads as it was written");
}

}  // namespace

void take(std::string_view input) {
  constexpr void (*kKinds[])(std::string_view) = {envelope, note, errors, parcel};
  kKinds[octet(input) % std::size(kKinds)](input);
}

}  // namespace penstock::fuzz
