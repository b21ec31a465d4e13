// What a client and its listeners share.
#pragma once

#include <memory>
#include <mutex>

#include "client.hpp"
#include "router.hpp"

namespace penstock::redis {

struct Client::Impl {
  explicit Impl(Options given);
  // Made at the first use, so that what is wrong with the settings is an error of that call. Throws Failure.
  Router& router();

  const Options options;
  Setup setup;

 private:
  std::mutex mutex_;
  std::unique_ptr<Router> router_;
};

}  // namespace penstock::redis
