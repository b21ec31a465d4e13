// Transforms: bytes into bytes and back.
#include <penstock/plugin/codec.hpp>

#include "conformance/parts/areas.hpp"

namespace penstock::conformance::areas {
namespace {

constexpr std::size_t kLarge = 1 << 20;

// The component, and its transform.
struct Subject {
  explicit Subject(const Opener& open) : object(opened<Interface>(open)), transform(query<Transform>(*object)) {
    if (!transform) throw Unsupported{"it is a value codec"};
  }
  std::unique_ptr<Interface> object;
  Transform* transform;

  void comes_back(const std::string& bytes, Here here = Here::now()) {
    const std::string stored = must(transform->apply(bytes), "apply", here);
    holds(must(transform->undo(stored, bytes.size()), "undo", here) == bytes,
          std::to_string(bytes.size()) + " octets to come back as they were", here);
  }
};

std::vector<std::string> samples(Random& random) {
  std::vector<std::string> out = {"", "x", std::string(1, '\0'), std::string("a\0b\xff", 4), std::string(kLarge, 'x')};
  for (std::size_t size : {2u, 63u, 64u, 65u, 255u, 256u, 4096u, 65'537u, 1u << 20}) out.push_back(noise(random, size));
  return out;
}

constexpr Part kTransforms[] = {
    {"transform.bytes_come_back", "What was applied is undone to the same octets, from none to a mebibyte.",
     [](const Opener& open) {
       Subject subject(open);
       Random random(1);
       for (const std::string& bytes : samples(random)) subject.comes_back(bytes);
       for (int i = 0; i < 500; ++i) subject.comes_back(noise(random, random.below(300)));
     }},
    {"transform.twice_is_undone_twice", "A transform can be applied to its own output.",
     [](const Opener& open) {
       Subject subject(open);
       const std::string once = must(subject.transform->apply("octets"), "apply");
       subject.comes_back(once);
     }},
    {"transform.bound_is_kept", "An output above at_most is resource_exhausted; one of just at_most is not.",
     [](const Opener& open) {
       Subject subject(open);
       for (std::size_t size : {std::size_t{1}, std::size_t{1000}, kLarge}) {
         const std::string stored = must(subject.transform->apply(std::string(size, 'x')), "apply");
         fails(subject.transform->undo(stored, size - 1), Errc::resource_exhausted, "an undo of one octet too many");
         must(subject.transform->undo(stored, size), "an undo of just so many octets");
       }
     }},
    {"transform.any_input_is_safe", "Undoing octets that were cut, flipped or made up is an error, or within at_most.",
     [](const Opener& open) {
       Subject subject(open);
       Random random(2);
       const std::string stored = must(subject.transform->apply(noise(random, 200) + std::string(200, 'x')), "apply");
       for (int i = 0; i < 5000; ++i) {
         const auto undone = subject.transform->undo(hurt(random, stored), 1000);
         if (undone) holds(undone->size() <= 1000, "no more octets than at_most");
         if (!undone) holds(!undone.error().message.empty(), "an error that says what is wrong");
       }
     }},
    {"transform.same_octets_make_the_same", "The same octets come out the same every time, of another object too.",
     [](const Opener& open) {
       Subject subject(open), another(open);
       Random random(3);
       for (const std::string& bytes : samples(random)) {
         const std::string stored = must(subject.transform->apply(bytes), "apply");
         holds(must(subject.transform->apply(bytes), "apply again") == stored, "the same from the same object");
         holds(must(another.transform->apply(bytes), "apply of another") == stored, "the same from another object");
       }
     }},
    {"transform.cut_or_lengthened_input_is_refused",
     "What was cut short, or has more behind it, is Errc::invalid: it is not what apply made.",
     [](const Opener& open) {
       Subject subject(open);
       Random random(4);
       const std::string stored = must(subject.transform->apply(noise(random, 100) + std::string(100, 'x')), "apply");
       for (std::size_t size = 0; size < stored.size(); ++size) {
         fails(subject.transform->undo(std::string_view(stored).substr(0, size), 1000), Errc::invalid,
               "an undo of the first " + std::to_string(size) + " octets of " + std::to_string(stored.size()));
       }
       fails(subject.transform->undo(stored + "x", 1000), Errc::invalid, "an undo of one octet more");
     }},
    {"transform.many_threads_at_once", "One object serves many threads at once.",
     [](const Opener& open) {
       Subject subject(open);
       together(4, [&](int n) {
         Random random(static_cast<std::uint64_t>(n) + 10);
         for (int i = 0; i < 200; ++i) subject.comes_back(noise(random, random.below(2000)));
       });
     }},
};

}  // namespace

std::span<const Part> transforms() { return kTransforms; }

}  // namespace penstock::conformance::areas
