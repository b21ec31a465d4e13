// Turns what a server sends into values, and stops a server that sends too much.
#pragma once

#include <cstddef>
#include <hiredis/read.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "options.hpp"
#include "reply.hpp"

namespace penstock::redis {

// Thread: one at a time. Every function throws Lost when the server breaks the protocol or a limit; the connection
// must be closed then.
class Decoder {
 public:
  explicit Decoder(const Limits& limits);
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // What follows goes to `values`; the limits count anew. Values are not shared before they are complete.
  void begin(Values& values) noexcept;
  void feed(std::string_view octets);
  // The index in `values` of the next whole value, if it is there.
  std::optional<std::size_t> next();
  // Octets that were fed and not used up.
  std::size_t left() const noexcept { return reader_->len - reader_->pos; }

 private:
  struct Build;  // what the reader calls
  struct Free {
    void operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }
  };

  std::size_t place(const redisReadTask* task);  // for a new value: its index
  void refuse(const char* what) { refused_ = what; }
  void check_unfinished() const;

  const Limits& limits_;
  std::unique_ptr<redisReader, Free> reader_;
  Values* values_ = nullptr;
  std::size_t received_ = 0;
  const char* refused_ = nullptr;
};

}  // namespace penstock::redis
