// How a plain struct names its fields, once, beside its type: all that a codec needs to store it.
//
//   struct Resize {
//     std::string path;
//     std::vector<std::uint32_t> widths;
//     std::optional<double> quality;
//   };
//   template <>
//   inline constexpr auto penstock::fields<Resize> = std::tuple{
//       penstock::field{"path", &Resize::path},
//       penstock::field{"widths", &Resize::widths},
//       penstock::field{"quality", &Resize::quality, 7},
//   };
//
// The name is what textual formats store, the number what binary formats store: the field's position,
// counted from 1, unless it is given. Once tasks are stored, append fields at the end and give numbers
// when you remove one. A struct may stand in any namespace, also an anonymous one; the specialisation
// stands at global scope.
//
// What a field may be:
//
//   plain   bool; integers; float, double; enums with a fixed underlying type (as integers, any value
//           of that type is taken); std::string (UTF-8 text); bytes: std::vector or std::array of
//           std::byte or unsigned char; std::chrono::duration (its count); another described struct
//   more    std::optional, std::vector or std::array of a plain one; std::map or std::unordered_map
//           from std::string to any of these (a list of objects with the fields key = 1, value = 2)
//
// Reading: an unknown field is passed over. A missing plain field or array keeps the value it has. A
// missing optional, vector or map becomes empty, because that is how some formats write an empty one.
// Integers are checked against the width of the member. After an error the struct is partly filled.
// An unordered_map may write the same content in another order; use std::map where bytes must agree.
//
// This header needs nothing but the standard library and the codec seam, and keeps no state: it is
// for applications and for modules alike.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <penstock/plugin/codec.hpp>

namespace penstock {

// One field of a struct. `number` 0 means its position, counted from 1.
template <class Owner, class Member>
struct field {
  constexpr field(std::string_view name_, Member Owner::*member_, std::uint32_t number_ = 0)
      : name(name_), member(member_), number(number_) {}
  std::string_view name;
  Member Owner::*member;
  std::uint32_t number;
};

// Specialised by users for each of their structs, as shown above.
template <class T>
inline constexpr auto fields = nullptr;

template <class T>
concept Described = std::is_class_v<T> && !std::same_as<std::remove_cvref_t<decltype(fields<T>)>, std::nullptr_t>;

namespace impl {

template <class T>
concept Whole = std::integral<T> && sizeof(T) <= 8 && !std::same_as<T, bool> && !std::same_as<T, char> &&
                !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> && !std::same_as<T, char16_t> &&
                !std::same_as<T, char32_t>;
template <class T>
concept Real = std::same_as<T, float> || std::same_as<T, double>;
template <class T>
concept FixedEnum = std::is_enum_v<T> && requires {
  T{std::underlying_type_t<T>{}};
};
template <class T>
concept Octet = std::same_as<T, std::byte> || std::same_as<T, unsigned char>;

// Which of the shapes above a type has.
enum class Shape { none, plain, optional, vector, array, map };
template <class T>
inline constexpr bool kOctets = false;
template <Octet T, class A>
inline constexpr bool kOctets<std::vector<T, A>> = true;
template <Octet T, std::size_t N>
inline constexpr bool kOctets<std::array<T, N>> = true;
template <class T>
inline constexpr bool kDuration = false;
template <class R, class P>
requires(Whole<R> || Real<R>) inline constexpr bool kDuration<std::chrono::duration<R, P>> = true;

template <class T>
inline constexpr bool kPlain = std::same_as<T, bool> || Whole<T> || Real<T> || FixedEnum<T> || kDuration<T> ||
                               std::same_as<T, std::string> || kOctets<T> || Described<T>;
template <class T>
inline constexpr Shape kShape = kPlain<T> ? Shape::plain : Shape::none;
template <class T>
inline constexpr Shape kShape<std::optional<T>> = kPlain<T> ? Shape::optional : Shape::none;
template <class T, class A>
inline constexpr Shape kShape<std::vector<T, A>> = kOctets<std::vector<T, A>> ? Shape::plain
                                                   : kPlain<T>                ? Shape::vector
                                                                              : Shape::none;
template <class T, std::size_t N>
inline constexpr Shape kShape<std::array<T, N>> = kOctets<std::array<T, N>> ? Shape::plain
                                                  : kPlain<T>               ? Shape::array
                                                                            : Shape::none;
template <class T, class C, class A>
inline constexpr Shape kShape<std::map<std::string, T, C, A>> = kShape<T> == Shape::none ? Shape::none : Shape::map;
template <class T, class H, class E, class A>
inline constexpr Shape kShape<std::unordered_map<std::string, T, H, E, A>> =
    kShape<T> == Shape::none ? Shape::none : Shape::map;

// Named once for a type, so that reading and writing it give one message between them.
template <class T>
struct Storable {
  static_assert(
      kShape<T> != Shape::none,
      "penstock: a field of this type cannot be stored. Use one that penstock/fields.hpp lists, or name the "
      "fields of the struct: template <> inline constexpr auto penstock::fields<YourStruct> = std::tuple{...}");
  static constexpr bool kYes = kShape<T> != Shape::none;
};

// The names and numbers of a struct's fields, checked.
template <Described T>
struct FieldTable {
  using Tuple = std::remove_cvref_t<decltype(fields<T>)>;
  static constexpr std::size_t kSize = std::tuple_size_v<Tuple>;
  using Names = std::array<FieldName, kSize>;

  static constexpr Names make() {
    Names out{};
    std::apply(
        [&](const auto&... f) {
          std::uint32_t at = 0;
          ((out[at] = FieldName{f.number ? f.number : at + 1, f.name}, ++at), ...);
        },
        fields<T>);
    return out;
  }
  static constexpr bool in_range(const Names& names) {
    for (const FieldName& n : names) {
      if (n.name.empty() || n.number >= 1u << 29 || (n.number >= 19000 && n.number < 20000)) return false;
    }
    return true;
  }
  static constexpr bool distinct(const Names& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (names[i].number == names[j].number || names[i].name == names[j].name) return false;
      }
    }
    return true;
  }
  static constexpr Names kNames = make();
  static_assert(in_range(kNames),
                "penstock::fields: a field has no name, or its number is 2^29 or more, or within "
                "19000 to 19999, which protobuf keeps for itself");
  static_assert(distinct(kNames), "penstock::fields: two fields of this struct have the same name or the same number");
};

// Calls f(field, name, position) for each field of T.
template <class T, class F>
void each_field(F&& f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (f(std::get<I>(fields<T>), FieldTable<T>::kNames[I], I), ...); }
  (std::make_index_sequence<FieldTable<T>::kSize>{});
}

template <class T>
void write_member(FieldWriter& w, FieldName name, const T& value);

template <class T>
void write_plain(FieldWriter& w, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    w.boolean(value);
  } else if constexpr (Whole<T> && std::is_signed_v<T>) {
    w.integer(value);
  } else if constexpr (Whole<T>) {
    w.natural(value);
  } else if constexpr (Real<T>) {
    w.number(value);
  } else if constexpr (FixedEnum<T>) {
    write_plain(w, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (kDuration<T>) {
    write_plain(w, value.count());
  } else if constexpr (std::same_as<T, std::string>) {
    w.text(value);
  } else if constexpr (kOctets<T>) {
    w.bytes({reinterpret_cast<const char*>(value.data()), value.size()});
  } else {
    w.begin_object();
    each_field<T>([&](const auto& f, FieldName name, std::size_t) { write_member(w, name, value.*f.member); });
    w.end();
  }
}

template <class T>
void write_member(FieldWriter& w, FieldName name, const T& value) {
  if constexpr (Storable<T>::kYes) {
    if constexpr (kShape<T> == Shape::optional) {
      if (value) write_member(w, name, *value);
      return;
    }
    w.field(name);
    if constexpr (kShape<T> == Shape::plain) {
      write_plain(w, value);
    } else if constexpr (kShape<T> == Shape::map) {
      w.begin_list();
      for (const auto& [key, mapped] : value) {
        w.begin_object();
        write_member(w, {1, "key"}, key);
        write_member(w, {2, "value"}, mapped);
        w.end();
      }
      w.end();
    } else if constexpr (kShape<T> == Shape::vector || kShape<T> == Shape::array) {
      w.begin_list();
      for (const auto& item : value) write_plain(w, item);
      w.end();
    }
  }
}

// What has been read of one member: a binary format may offer a list in several pieces.
struct Progress {
  bool present = false;
  std::size_t items = 0;
};

template <class T>
void read_member(FieldReader& r, T& value, Progress& progress);

template <Whole T>
T narrow(FieldReader& r, std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t> value) {
  if (std::in_range<T>(value)) return static_cast<T>(value);
  r.fail(std::to_string(value) + " is out of range, from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
         std::to_string(std::numeric_limits<T>::max()));
  return 0;
}

template <class T>
void read_octets(FieldReader& r, T& value) {
  std::string octets = r.bytes();
  if constexpr (requires { value.resize(octets.size()); }) value.resize(octets.size());
  if (octets.size() != value.size()) {
    r.fail("expected " + std::to_string(value.size()) + " bytes, got " + std::to_string(octets.size()));
    return;
  }
  for (std::size_t i = 0; i < octets.size(); ++i) {
    value[i] = static_cast<typename T::value_type>(static_cast<unsigned char>(octets[i]));
  }
}

// Before a struct is read, what is written by leaving it out is emptied.
template <class T>
void clear_member(T& value) {
  if constexpr (kShape<T> == Shape::optional) value.reset();
  if constexpr (kShape<T> == Shape::vector || kShape<T> == Shape::map) value.clear();
}

// An object's fields, handed to `take(name)`, which returns false for a field that it does not know.
template <class Take>
void read_object(FieldReader& r, Take&& take) {
  r.enter_object();
  while (std::optional<FieldName> name = r.next_field()) {
    if (!take(*name)) r.skip();
  }
}

inline bool same_field(FieldName offered, FieldName wanted) {
  return offered.number ? offered.number == wanted.number : offered.name == wanted.name;
}

template <Described T>
void read_struct(FieldReader& r, T& value) {
  std::array<Progress, FieldTable<T>::kSize> progress{};
  each_field<T>([&](const auto& f, FieldName, std::size_t) { clear_member(value.*f.member); });
  read_object(r, [&](FieldName offered) {
    bool known = false;
    each_field<T>([&](const auto& f, FieldName name, std::size_t i) {
      if (known || !same_field(offered, name)) return;
      known = true;
      read_member(r, value.*f.member, progress[i]);
    });
    return known;
  });
  each_field<T>([&](const auto& f, FieldName name, std::size_t i) {
    using Member = std::remove_cvref_t<decltype(value.*f.member)>;
    if constexpr (kShape<Member> == Shape::array) {
      std::size_t wanted = std::tuple_size_v<Member>;
      if (!progress[i].present || progress[i].items == wanted) return;
      r.fail(std::string(name.name) + " has " + std::to_string(wanted) + " items, not " +
             std::to_string(progress[i].items));
    }
  });
}

template <class T>
void read_plain(FieldReader& r, T& value) {
  if constexpr (std::same_as<T, bool>) {
    value = r.boolean();
  } else if constexpr (Whole<T> && std::is_signed_v<T>) {
    value = narrow<T>(r, r.integer());
  } else if constexpr (Whole<T>) {
    value = narrow<T>(r, r.natural());
  } else if constexpr (std::same_as<T, double>) {
    value = r.number();
  } else if constexpr (std::same_as<T, float>) {
    double wide = r.number();
    constexpr double kMost = std::numeric_limits<float>::max();
    bool finite = wide - wide == 0;
    if (finite && (wide > kMost || wide < -kMost)) return r.fail("is out of the range of a float");
    value = static_cast<float>(wide);
  } else if constexpr (FixedEnum<T>) {
    std::underlying_type_t<T> number{};
    read_plain(r, number);
    value = static_cast<T>(number);
  } else if constexpr (kDuration<T>) {
    typename T::rep count{};
    read_plain(r, count);
    value = T(count);
  } else if constexpr (std::same_as<T, std::string>) {
    value = r.text();
  } else if constexpr (kOctets<T>) {
    read_octets(r, value);
  } else {
    read_struct(r, value);
  }
}

template <class Map>
void read_entry(FieldReader& r, Map& map) {
  std::string key;
  typename Map::mapped_type mapped{};
  Progress of_key, of_value;
  read_object(r, [&](FieldName offered) {
    if (same_field(offered, {1, "key"})) return read_member(r, key, of_key), true;
    if (same_field(offered, {2, "value"})) return read_member(r, mapped, of_value), true;
    return false;
  });
  map.insert_or_assign(std::move(key), std::move(mapped));
}

template <class T>
void read_member(FieldReader& r, T& value, Progress& progress) {
  if constexpr (Storable<T>::kYes) {
    progress.present = true;
    if constexpr (kShape<T> == Shape::plain) {
      read_plain(r, value);
    } else if constexpr (kShape<T> == Shape::optional) {
      if (r.is_null()) return value.reset();
      read_plain(r, value.emplace());
    } else {
      r.enter_list();
      while (r.next_item()) {
        if constexpr (kShape<T> == Shape::map) {
          read_entry(r, value);
        } else if constexpr (kShape<T> == Shape::vector) {
          typename T::value_type item{};
          read_plain(r, item);
          value.push_back(std::move(item));
        } else {
          if (progress.items == value.size()) {
            return r.fail("expected " + std::to_string(value.size()) + " items, got more");
          }
          read_plain(r, value[progress.items]);
        }
        ++progress.items;
      }
    }
  }
}

// A value that is not a struct, as an object with this one field.
template <class T>
struct Single {
  T value{};
};

}  // namespace impl

template <class T>
inline constexpr auto fields<impl::Single<T>> = std::tuple{field{"value", &impl::Single<T>::value}};

// Lends a value to a codec: `codec.encode(penstock::describe(job), out)`, and for reading
// `penstock::describe into(job); codec.decode(bytes, into)`. Holds a reference; the value must stay.
// A value that is no described struct but could be a field is shown as an object with one field,
// `value` = 1. Thread: as the value.
template <class T>
class describe;
template <class T>
describe(T&) -> describe<T>;

template <class T>
class describe<const T> final : public Encodable {
 public:
  explicit describe(const T& value) : value_(value) {}
  void write(FieldWriter& w) const override {
    if constexpr (Described<T>) {
      impl::write_plain(w, value_);
    } else {
      w.begin_object();
      impl::write_member(w, {1, "value"}, value_);
      w.end();
    }
  }

 private:
  const T& value_;
};

template <class T>
class describe final : public Encodable, public Decodable {
 public:
  explicit describe(T& value) : value_(value) {}
  void write(FieldWriter& w) const override { describe<const T>(value_).write(w); }
  void read(FieldReader& r) override {
    if constexpr (Described<T>) {
      impl::read_struct(r, value_);
    } else {
      impl::Single<T> single{std::move(value_)};
      impl::read_struct(r, single);
      value_ = std::move(single.value);
    }
  }

 private:
  T& value_;
};

}  // namespace penstock
