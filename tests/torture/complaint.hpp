// What a process of a test has to say when it ends by itself, in memory that outlives it.
#pragma once

#include <array>
#include <string_view>

namespace penstock::torture {

// In fresh shared memory it is empty. Thread: any; of two who speak at once either may be cut short.
class Complaint {
 public:
  void say(std::string_view why) {
    text_ = {};
    why.copy(text_.data(), text_.size() - 1);
  }
  bool empty() const { return text_[0] == '\0'; }
  const char* text() const { return text_.data(); }

 private:
  std::array<char, 600> text_;
};

}  // namespace penstock::torture
