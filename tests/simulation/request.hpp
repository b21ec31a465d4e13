// An exchange that outlives its sender: what is on the wire when a process has given up waiting, or died.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/plugin/backend.hpp>

namespace penstock::simulation {

class Request {
 public:
  explicit Request(const Exchange& x) : x_(x) {
    for (Settlement s : x.settle) {
      s.key.queue = keep(s.key.queue);
      s.note = keep(s.note);
      s.children = {};
      settle_.push_back(s);
    }
    for (Held h : x.extend) extend_.push_back({keep(h.queue), h.epoch});
    for (Share s : x.claim) claim_.push_back({keep(s.queue), s.quota});
    x_.worker = keep(x.worker);
  }
  Exchange exchange() const {
    Exchange out = x_;
    out.settle = settle_;
    out.extend = extend_;
    out.claim = claim_;
    return out;
  }

 private:
  std::string_view keep(std::string_view text) { return texts_.emplace_back(text); }

  Exchange x_;
  std::deque<std::string> texts_;
  std::vector<Settlement> settle_;
  std::vector<Held> extend_;
  std::vector<Share> claim_;
};

}  // namespace penstock::simulation
