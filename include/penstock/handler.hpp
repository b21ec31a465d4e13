// Handlers: how user code is wrapped so that it takes typed tasks, returns values, and may throw.
//
//   struct Resize { std::string asset; int width = 0; };
//   template <> inline constexpr auto penstock::fields<Resize> =
//       std::tuple{penstock::field{"asset", &Resize::asset}, penstock::field{"width", &Resize::width}};
//   template <> inline constexpr penstock::Policy penstock::job<Resize> =
//       {.kind = "image.resize", .version = 2, .queue = "media", .retries = 8, .timeout = 30s};
//
//   tasks.handle<Resize>([](penstock::Context& ctx, const Resize& job) { ...; return Thumbnail{...}; });
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include <penstock/flow.hpp>
#include <penstock/outcome.hpp>
#include <penstock/payload.hpp>
#include <penstock/plugin/handlers.hpp>

namespace penstock {

// The policy of task type T: specialise it beside the type. `kind` is required.
template <class T>
inline constexpr Policy job{};

namespace impl {

// The text of whatever is being thrown, with its causes when exceptions are nested.
inline std::string describe_exception(const std::exception& e, int depth = 0) {
  const char* what = e.what();
  std::string text = what ? what : "an exception without a text";
#if __cpp_rtti
  // Not std::rethrow_if_nested: where nothing was being handled when it was thrown, that ends the process.
  auto* outer = dynamic_cast<const std::nested_exception*>(&e);
  if (!outer || !outer->nested_ptr() || depth >= 8) return text;
  try {
    outer->rethrow_nested();
  } catch (const std::exception& cause) {
    text += ": " + describe_exception(cause, depth + 1);
  } catch (...) {
    text += ": something that is not a std::exception";
  }
#endif
  return text;
}

// Calls `f`, which returns nothing, a value or an Outcome; whatever it throws becomes `retry`.
template <class F>
Outcome run_guarded(F&& f) noexcept {
  using R = std::invoke_result_t<F>;
  try {
    if constexpr (std::is_void_v<R>) {
      std::forward<F>(f)();
      return done();
    } else if constexpr (std::same_as<std::remove_cvref_t<R>, Outcome>) {
      return std::forward<F>(f)();
    } else {
      return done(std::forward<F>(f)());
    }
  } catch (const std::exception& e) {
    try {
      return retry(describe_exception(e));
    } catch (...) {
      return {Outcome::Verb::retry, {}, {}, nullptr};
    }
  } catch (...) {
    try {
      return retry("threw something that is not a std::exception");
    } catch (...) {
      return {Outcome::Verb::retry, {}, {}, nullptr};
    }
  }
}

template <class T, class F>
class TypedHandler final : public TaskHandler {
 public:
  explicit TypedHandler(F f) : f_(std::move(f)) {}
  Outcome run(Context& ctx) noexcept override {
    return run_guarded([&]() -> Outcome {
      T value{};
      Result<void> decoded = Payload<T>::decode(ctx.payload(), ctx.codec(ctx.task().codec), value);
      if (!decoded) return unread(ctx, decoded.error());
      return run_guarded([&]() -> decltype(auto) {
        if constexpr (std::invocable<F&, Context&, const T&>) {
          return std::invoke(f_, ctx, std::as_const(value));
        } else {
          static_assert(std::invocable<F&, const T&>, "a handler takes (Context&, const Job&) or (const Job&)");
          return std::invoke(f_, std::as_const(value));
        }
      });
    });
  }

 private:
  // Without its codec nobody here can run it: a snooze that leaves the time to the worker.
  static Outcome unread(Context& ctx, const Error& error) {
    Outcome out = retry("payload of " + std::string(ctx.task().kind) + ": " + error.message);
    if (error.code == Errc::unsupported) out.verb = Outcome::Verb::snooze;
    return out;
  }

  F f_;
};

template <class F>
class RawHandler final : public TaskHandler {
 public:
  explicit RawHandler(F f) : f_(std::move(f)) {}
  Outcome run(Context& ctx) noexcept override {
    return run_guarded([&]() -> decltype(auto) { return std::invoke(f_, ctx); });
  }

 private:
  F f_;
};

// A closure on its way to a worker: move-only, called once per attempt, in place up to 48 octets.
class Closure {
 public:
  Closure() noexcept = default;
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Closure>) explicit Closure(F&& f) {
    using Fn = std::remove_cvref_t<F>;
    if constexpr (kInPlace<Fn>) {
      ::new (static_cast<void*>(room_)) Fn(std::forward<F>(f));
      table_ = &kTable<Fn>;
    } else {
      ::new (static_cast<void*>(room_)) Boxed<Fn>{std::make_unique<Fn>(std::forward<F>(f))};
      table_ = &kTable<Boxed<Fn>>;
    }
  }
  Closure(Closure&& other) noexcept { take(other); }
  Closure& operator=(Closure&& other) noexcept {
    if (this != &other) reset(), take(other);
    return *this;
  }
  ~Closure() { reset(); }

  Outcome operator()(Context& ctx) noexcept { return table_->call(room_, ctx); }
  explicit operator bool() const noexcept { return table_ != nullptr; }
  void reset() noexcept {
    if (table_) std::exchange(table_, nullptr)->destroy(room_);
  }

 private:
  static constexpr std::size_t kRoom = 48;
  template <class Fn>
  static constexpr bool kInPlace = sizeof(Fn) <= kRoom &&
                                   alignof(Fn) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<Fn>;
  template <class Fn>
  struct Boxed {
    std::unique_ptr<Fn> fn;
    decltype(auto) operator()(Context& ctx) requires std::invocable<Fn&, Context&> { return std::invoke(*fn, ctx); }
    decltype(auto) operator()() requires(!std::invocable<Fn&, Context&>) { return std::invoke(*fn); }
  };
  struct Table {
    Outcome (*call)(void*, Context&) noexcept;
    void (*move)(void* from, void* to) noexcept;
    void (*destroy)(void*) noexcept;
  };
  template <class Fn>
  static Outcome call(void* at, Context& ctx) noexcept {
    Fn& fn = *static_cast<Fn*>(at);
    return run_guarded([&]() -> decltype(auto) {
      if constexpr (std::invocable<Fn&, Context&>) {
        return std::invoke(fn, ctx);
      } else {
        static_assert(std::invocable<Fn&>, "a submitted closure takes (Context&) or nothing");
        return std::invoke(fn);
      }
    });
  }
  template <class Fn>
  static void move(void* from, void* to) noexcept {
    ::new (to) Fn(std::move(*static_cast<Fn*>(from)));
    static_cast<Fn*>(from)->~Fn();
  }
  template <class Fn>
  static void destroy(void* at) noexcept {
    static_cast<Fn*>(at)->~Fn();
  }
  template <class Fn>
  static constexpr Table kTable{&call<Fn>, &move<Fn>, &destroy<Fn>};

  void take(Closure& other) noexcept {
    if ((table_ = std::exchange(other.table_, nullptr))) table_->move(other.room_, room_);
  }

  const Table* table_ = nullptr;
  alignas(std::max_align_t) std::byte room_[kRoom];
};

// What a ticket of a closure F holds: the type it returns; void for nothing and for an Outcome.
template <class F, bool WithContext = std::invocable<F&, Context&>>
struct ClosureResult {
  using type = std::invoke_result_t<F&>;
};
template <class F>
struct ClosureResult<F, true> {
  using type = std::invoke_result_t<F&, Context&>;
};
template <class F>
using TicketOf = std::conditional_t<std::same_as<std::remove_cvref_t<typename ClosureResult<F>::type>, Outcome>, void,
                                    std::remove_cvref_t<typename ClosureResult<F>::type>>;

}  // namespace impl

// A handler for task type T around any callable (Context&, const T&) or (const T&).
template <class T, class F>
std::unique_ptr<TaskHandler> make_handler(F f) {
  static_assert(!job<T>.kind.empty(),
                "give the task type a policy with a kind: template <> inline constexpr "
                "penstock::Policy penstock::job<T> = {.kind = \"...\"};");
  return std::make_unique<impl::TypedHandler<T, F>>(std::move(f));
}

// The same as an entry of a module's list, with what stands beside the type.
template <class T, class F>
Handlers::Entry handler_entry(F f) {
  return {job<T>, make_handler<T>(std::move(f)), impl::declared_limits<T>()};
}

}  // namespace penstock
