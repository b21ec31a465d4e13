// Value codecs: the fields of a struct into bytes and back.
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>

#include <penstock/fields.hpp>

#include "conformance/parts/areas.hpp"

namespace penstock::conformance::sample {

struct Point {
  std::int32_t x = 0;
  double y = 0;
  bool operator==(const Point&) const = default;
};
struct All {  // a field of every sort
  bool flag = false;
  std::int64_t integer = 5;
  std::uint64_t natural = 0;
  double real = 0;
  std::string text;
  std::vector<std::byte> bytes;
  std::optional<std::string> note;
  std::optional<std::int64_t> limit = 3;
  std::vector<std::int64_t> integers;
  std::vector<std::string> words = {"default"};
  std::vector<Point> points;
  std::map<std::string, std::int64_t> counts;
  Point origin;
  bool operator==(const All&) const = default;
};
struct Less {  // as an earlier version of a program would have it
  std::int64_t integer = 0;
  std::string text = "unread";
  bool operator==(const Less&) const = default;
};
struct Text {
  std::string value;
};
struct Number {
  std::int64_t value = 0;
};
struct Tree {
  std::vector<Tree> branches;
};

}  // namespace penstock::conformance::sample

namespace sample = penstock::conformance::sample;
using penstock::field;
template <>
inline constexpr auto penstock::fields<sample::Point> =
    std::tuple{field{"x", &sample::Point::x}, field{"y", &sample::Point::y}};
template <>
inline constexpr auto penstock::fields<sample::All> =
    std::tuple{field{"flag", &sample::All::flag},         field{"integer", &sample::All::integer},
               field{"natural", &sample::All::natural},   field{"real", &sample::All::real},
               field{"text", &sample::All::text},         field{"bytes", &sample::All::bytes},
               field{"note", &sample::All::note},         field{"limit", &sample::All::limit},
               field{"integers", &sample::All::integers}, field{"words", &sample::All::words},
               field{"points", &sample::All::points},     field{"counts", &sample::All::counts},
               field{"origin", &sample::All::origin, 40}};
template <>
inline constexpr auto penstock::fields<sample::Less> =
    std::tuple{field{"integer", &sample::Less::integer, 2}, field{"text", &sample::Less::text, 5}};
template <>
inline constexpr auto penstock::fields<sample::Text> = std::tuple{field{"value", &sample::Text::value}};
template <>
inline constexpr auto penstock::fields<sample::Number> = std::tuple{field{"value", &sample::Number::value}};
template <>
inline constexpr auto penstock::fields<sample::Tree> = std::tuple{field{"branches", &sample::Tree::branches}};

namespace penstock::conformance::areas {
namespace {

std::unique_ptr<ValueCodec> codec(const Opener& open) {
  auto object = opened<Interface>(open);
  if (query<Transform>(*object)) throw Unsupported{"it is a transform"};
  return std::unique_ptr<ValueCodec>(static_cast<ValueCodec*>(object.release()));
}

template <class T>
std::string written(ValueCodec& codec, const T& value, Here here = Here::now()) {
  std::string out;
  must(codec.encode(describe(value), out), "encode", here);
  return out;
}
template <class T>
Result<void> read(ValueCodec& codec, std::string_view bytes, T& value) {
  describe into(value);
  return codec.decode(bytes, into);
}

std::int64_t integer(Random& random) {
  constexpr std::int64_t kEdges[] = {0, 1, -1, INT64_MIN, INT64_MAX, INT32_MIN, INT32_MAX};
  return random.below(2) ? kEdges[random.below(std::size(kEdges))]
                         : static_cast<std::int64_t>(random.next() >> random.below(64));
}
std::string words(Random& random) {
  constexpr const char* kWords[] = {"", "x", "\n", "\"\\", "h\u00e9llo", "\U0001F600", "\x7f", "0", "null", "</x>"};
  std::string out = kWords[random.below(std::size(kWords))];
  return random.below(2) ? out : out + kWords[random.below(std::size(kWords))];
}

sample::All value(Random& random) {
  sample::All out;
  out.flag = random.below(2), out.integer = integer(random), out.natural = static_cast<std::uint64_t>(integer(random));
  out.real = std::ldexp(static_cast<double>(integer(random)), static_cast<int>(random.below(200)) - 100);
  out.text = words(random);
  for (char c : noise(random, random.below(20))) out.bytes.push_back(static_cast<std::byte>(c));
  if (random.below(2)) out.note = words(random);
  if (random.below(2)) out.limit = std::nullopt;
  out.words.clear();
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    out.integers.push_back(integer(random)), out.words.push_back(words(random));
    out.points.push_back({static_cast<std::int32_t>(random.next()), 0.5}), out.counts[words(random)] = integer(random);
  }
  out.origin = {static_cast<std::int32_t>(random.next()), -1e300};
  return out;
}

void comes_back(ValueCodec& codec, const sample::All& before, Here here = Here::now()) {
  sample::All after;
  const std::string bytes = written(codec, before, here);
  must(read(codec, bytes, after), "decode of " + text(bytes), here);
  holds(before == after, "the value to come back equal from " + text(bytes), here);
}

constexpr Part kValueCodecs[] = {
    {"codec.name_is_one_word", "The name that is stored with tasks is of [a-z][a-z0-9_]*.",
     [](const Opener& open) {
       auto subject = codec(open);
       const std::string_view name = subject->name();
       holds(!name.empty() && name[0] >= 'a' && name[0] <= 'z', "a name that begins with a letter, not " + text(name));
       holds(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == name.npos, "a name, not " + text(name));
     }},
    {"codec.values_come_back", "What was encoded is decoded to an equal value, of every sort and at the edges.",
     [](const Opener& open) {
       auto subject = codec(open);
       Random random(4);
       comes_back(*subject, {});
       for (int i = 0; i < 2000; ++i) comes_back(*subject, value(random));
     }},
    {"codec.encode_appends", "What stands in the output already stays there.",
     [](const Opener& open) {
       auto subject = codec(open);
       std::string out = "before";
       const sample::Number number{7};
       must(subject->encode(describe(number), out), "encode");
       same(out, "before" + written(*subject, number), "the output");
     }},
    {"codec.unknown_fields_are_passed_over", "A reader that knows fewer fields gets those it knows.",
     [](const Opener& open) {
       auto subject = codec(open);
       Random random(5);
       for (int i = 0; i < 200; ++i) {
         const sample::All all = value(random);
         sample::Less less;
         must(read(*subject, written(*subject, all), less), "decode");
         holds(less == sample::Less{all.integer, all.text}, "the fields that are known");
       }
     }},
    {"codec.missing_fields_keep_their_value", "A plain field that was not written stays as it is.",
     [](const Opener& open) {
       auto subject = codec(open);
       sample::All all;  // what is not written stands at values that no reader sets by itself
       all.flag = true, all.natural = 9, all.real = 2.5, all.bytes = {std::byte{1}}, all.origin = {3, 4.5};
       sample::All expected = all;
       expected.integer = 7, expected.text = "seven";
       must(read(*subject, written(*subject, sample::Less{7, "seven"}), all), "decode");
       same(all.integer, expected.integer, "a number that was written");
       same(all.text, expected.text, "a text that was written");
       same(all.flag, expected.flag, "a flag that was not");
       same(all.natural, expected.natural, "a number that was not");
       holds(all.real == expected.real, "a real number that was not written to stay");
       holds(all.bytes == expected.bytes, "octets that were not written to stay");
       holds(all.origin == expected.origin, "a struct that was not written to stay");
     }},
    {"codec.other_sorts_are_refused", "A text where a number is wanted is Errc::invalid, and the error says where.",
     [](const Opener& open) {
       auto subject = codec(open);
       sample::Number number;
       const auto said = read(*subject, written(*subject, sample::Text{"text"}), number);
       holds(!said, "an error");
       same(said.error().code, Errc::invalid, "its code");
       const std::string& where = said.error().message;
       holds(where.find("value") != where.npos || where.find('1') != where.npos,
             "the field's name or number in the error, not " + text(where));
     }},
    {"codec.any_input_is_safe", "Decoding octets that were cut, flipped or made up is an error or a value, no harm.",
     [](const Opener& open) {
       auto subject = codec(open);
       Random random(6);
       for (int i = 0; i < 5000; ++i) {
         sample::All all;
         const auto said = read(*subject, hurt(random, written(*subject, value(random))), all);
         if (!said) holds(!said.error().message.empty(), "an error that says what is wrong");
       }
     }},
    {"codec.depth_is_bounded", "Values nested more than 64 deep are refused, written or read.",
     [](const Opener& open) {
       auto subject = codec(open);
       sample::Tree tree;
       for (int i = 0; i < 200; ++i) {
         sample::Tree above;
         above.branches.push_back(std::move(tree));
         tree = std::move(above);
       }
       std::string out = "before";
       const auto wrote = subject->encode(describe(tree), out);
       if (!wrote) return same(out, "before", "the output after an error");
       sample::Tree back;
       holds(!read(*subject, std::string_view(out).substr(6), back), "an error for a value of 200 levels");
     }},
    {"codec.many_threads_at_once", "One object serves many threads at once.",
     [](const Opener& open) {
       auto subject = codec(open);
       together(4, [&](int n) {
         Random random(static_cast<std::uint64_t>(n) + 20);
         for (int i = 0; i < 200; ++i) comes_back(*subject, value(random));
       });
     }},
};

}  // namespace

std::span<const Part> value_codecs() { return kValueCodecs; }

}  // namespace penstock::conformance::areas
