#include "subscription.hpp"

#include "encode.hpp"
#include "failure.hpp"

namespace penstock::redis {

Subscription::Subscription(std::unique_ptr<Connection> connection, const std::vector<std::string>& channels,
                           const Options& options, Deadline deadline)
    : connection_(std::move(connection)),
      unconfirmed_(channels.size()),
      ping_(options.listen_ping),
      patience_(options.listen_patience),
      heard_at_(Clock::now()) {
  std::vector<std::string_view> words{"SUBSCRIBE"};
  words.insert(words.end(), channels.begin(), channels.end());
  std::string out;
  append_command(out, words);
  connection_->say(out, deadline);
}

Subscription::Heard Subscription::next(Message& message) {
  for (;;) {
    const Reply reply = connection_->heard();
    if (reply.is_nil()) return Heard::nothing;
    heard_at_ = Clock::now();
    asked_ = false;
    if (reply.is_error()) throw Failure(server_error(reply.text()));
    if (reply[0].text() == "subscribe" && unconfirmed_ != 0 && --unconfirmed_ == 0) return Heard::subscribed;
    if (reply[0].text() != "message") continue;
    message = {std::string(reply[1].text()), std::string(reply[2].text())};
    return Heard::message;
  }
}

void Subscription::tend(Deadline now) {
  if (now < next_tending()) return;
  if (asked_) throw Lost("the server does not answer");
  asked_ = true;
  std::string out;
  append_command(out, {"PING"});
  connection_->say(out, now + patience_);
}

}  // namespace penstock::redis
