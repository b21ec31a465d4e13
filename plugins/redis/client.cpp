#include "client.hpp"

#include <mutex>

#include "batch.hpp"
#include "inside.hpp"

namespace penstock::redis {

Client::Impl::Impl(Options given) : options(std::move(given)), setup{options, {}} {}

Router& Client::Impl::router() {
  const std::lock_guard lock(mutex_);
  if (!router_) {
    setup.context = make_context(options.tls);
    router_ = make_router(setup);
  }
  return *router_;
}

Client::Client(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;

const Options& Client::options() const noexcept { return impl_->options; }

std::vector<Result<Reply>> Client::call(std::span<const Call> calls, Deadline deadline, Lane lane) noexcept {
  const auto all = [&](Error error) { return std::vector<Result<Reply>>(calls.size(), std::move(error)); };
  try {
    return Batch(impl_->router(), calls, deadline, lane).run();
  } catch (const Failure& failure) {  // before anything was sent
    return all(failure.error());
  } catch (const std::exception& e) {
    return all(unknown_outcome(std::string("redis: ") + e.what()));
  }
}

Result<Reply> Client::call(const Call& call, Deadline deadline, Lane lane) noexcept {
  return std::move(this->call(std::span(&call, 1), deadline, lane).front());
}

Result<std::vector<Address>> Client::nodes(Deadline deadline) noexcept {
  return guard([&]() -> Result<std::vector<Address>> {
    try {
      impl_->router().prepare(deadline);
      return impl_->router().nodes();
    } catch (const Failure& failure) {
      return failure.error();
    }
  });
}

}  // namespace penstock::redis
