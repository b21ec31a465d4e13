#include "decoder.hpp"

#include <algorithm>
#include <charconv>
#include <new>

#include "failure.hpp"

namespace penstock::redis {
namespace {

constexpr std::size_t kLongLine = 64 << 10;  // of an error or a status

// The reader's cookies are indices, and never null.
void* cookie(std::size_t index) noexcept { return reinterpret_cast<void*>(index + 1); }
std::size_t index_of(const void* cookie) noexcept { return reinterpret_cast<std::size_t>(cookie) - 1; }

}  // namespace

// No exception may pass through the reader: a function that answers null ends the reading.
struct Decoder::Build {
  static Decoder& decoder(const redisReadTask* task) noexcept { return *static_cast<Decoder*>(task->privdata); }

  static void* text(const redisReadTask* task, char* octets, std::size_t size) noexcept try {
    Decoder& d = decoder(task);
    if (size > d.limits_.text) return d.refuse("a string that is too long"), nullptr;
    const std::size_t at = d.place(task);
    const Reply::Kind kind = task->type == REDIS_REPLY_STATUS  ? Reply::Kind::status
                             : task->type == REDIS_REPLY_ERROR ? Reply::Kind::error
                                                               : Reply::Kind::text;
    d.values_->all[at] = {kind, static_cast<std::uint32_t>(size), static_cast<std::int64_t>(d.values_->octets.size())};
    d.values_->octets.append(octets, size);
    return cookie(at);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }

  static void* array(const redisReadTask* task, int elements) noexcept try {
    Decoder& d = decoder(task);
    std::size_t depth = 1;
    for (const redisReadTask* t = task->parent; t != nullptr; t = t->parent) ++depth;
    if (depth > d.limits_.nesting) return d.refuse("arrays nested too deep"), nullptr;
    const auto size = static_cast<std::size_t>(elements);
    if (size > d.limits_.values || d.values_->all.size() + size > d.limits_.values)
      return d.refuse("too many values"), nullptr;
    const std::size_t at = d.place(task), first = d.values_->all.size();
    d.values_->all[at] = {Reply::Kind::array, static_cast<std::uint32_t>(size), static_cast<std::int64_t>(first)};
    d.values_->all.resize(first + size);
    return cookie(at);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }

  static void* integer(const redisReadTask* task, long long value) noexcept try {
    Decoder& d = decoder(task);
    const std::size_t at = d.place(task);
    d.values_->all[at] = {Reply::Kind::integer, 0, value};
    return cookie(at);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }

  static void* nil(const redisReadTask* task) noexcept try {
    return cookie(decoder(task).place(task));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }

  static void free(void*) noexcept {}

  static redisReplyObjectFunctions functions;
};

constinit redisReplyObjectFunctions Decoder::Build::functions{text, array, integer, nil, free};

Decoder::Decoder(const Limits& limits) : limits_(limits), reader_(redisReaderCreateWithFunctions(&Build::functions)) {
  if (!reader_) throw std::bad_alloc();
  reader_->privdata = this;
}

void Decoder::begin(Values& values) noexcept {
  values_ = &values;
  received_ = 0;
}

void Decoder::feed(std::string_view octets) {
  received_ += octets.size();
  if (received_ > limits_.octets) throw Lost("the server sent more than " + std::to_string(limits_.octets) + " octets");
  if (redisReaderFeed(reader_.get(), octets.data(), octets.size()) != REDIS_OK) throw Lost(reader_->errstr);
}

std::optional<std::size_t> Decoder::next() {
  void* found = nullptr;
  if (redisReaderGetReply(reader_.get(), &found) != REDIS_OK) {
    if (refused_) throw Lost(std::string("the server sent ") + refused_);
    throw Lost(std::string("the server broke the protocol: ") + reader_->errstr);
  }
  if (found) return index_of(found);
  check_unfinished();
  return {};
}

std::size_t Decoder::place(const redisReadTask* task) {
  if (task->parent) {
    const Values::Value& parent = values_->all[index_of(task->parent->obj)];
    return static_cast<std::size_t>(parent.data) + static_cast<std::size_t>(task->idx);
  }
  values_->all.emplace_back();
  return values_->all.size() - 1;
}

// The reader waits for whatever was announced: what is announced too long is refused before it comes.
void Decoder::check_unfinished() const {
  if (reader_->ridx < 0 || left() == 0) return;
  if (reader_->rstack[reader_->ridx].type != REDIS_REPLY_STRING) {
    if (left() > kLongLine) throw Lost("the server sent a line that is too long");
    return;
  }
  const std::string_view head(reader_->buf + reader_->pos, std::min<std::size_t>(left(), 32));
  const std::size_t end = head.find('\r');
  std::size_t size = 0;
  std::from_chars(head.data(), head.data() + head.size(), size);
  if (end == std::string_view::npos && head.size() == 32) {
    throw Lost("the server announced a string without saying how long it is");
  }
  if (end != std::string_view::npos && size > limits_.text) {
    throw Lost("the server announced a string of " + std::to_string(size) + " octets, more than " +
               std::to_string(limits_.text));
  }
}

}  // namespace penstock::redis
