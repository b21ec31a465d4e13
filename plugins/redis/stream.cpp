#include "stream.hpp"

#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <pthread.h>

#include "failure.hpp"

namespace penstock::redis {
namespace {

using Poco::Net::Context;
using Poco::Net::SecureStreamSocket;
using Poco::Net::SocketAddress;

constexpr int kWantRead = SecureStreamSocket::ERR_SSL_WANT_READ, kWantWrite = SecureStreamSocket::ERR_SSL_WANT_WRITE;

// A peer that is gone without a word is found within ten seconds, also when nothing is sent to it.
void watch_peer(Poco::Net::StreamSocket& socket) {
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  socket.setOption(IPPROTO_TCP, TCP_KEEPIDLE, 4);
  socket.setOption(IPPROTO_TCP, TCP_KEEPINTVL, 2);
  socket.setOption(IPPROTO_TCP, TCP_KEEPCNT, 3);
  socket.setOption(IPPROTO_TCP, TCP_USER_TIMEOUT, 10'000);
}

SocketAddress resolve(const Address& address) {
  return address.port == 0 ? SocketAddress(SocketAddress::UNIX_LOCAL, address.host)
                           : SocketAddress(address.host, address.port);
}

// OpenSSL writes without MSG_NOSIGNAL: the signal of a closed pipe is held back, and taken away if it came.
class NoSigpipe {
 public:
  NoSigpipe() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() {
    const timespec at_once{};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_, before_;
  bool was_pending_;
};

}  // namespace

Context::Ptr make_context(const Tls& tls) {
  if (!tls.on) return {};
  try {
    Context::Params params;
    params.caLocation = tls.ca_file;
    params.certificateFile = tls.cert_file;
    params.privateKeyFile = tls.key_file.empty() ? tls.cert_file : tls.key_file;
    params.verificationMode = Context::VERIFY_STRICT;
    params.loadDefaultCAs = tls.ca_file.empty();
    Context::Ptr context = new Context(Context::TLS_CLIENT_USE, params);
    context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
    return context;
  } catch (const Poco::Exception& e) {
    throw Failure({Errc::invalid, "redis: TLS cannot be set up: " + e.displayText()});
  }
}

// Runs one step of the socket; Poco tells of errors by exceptions, of waits by negative numbers. OpenSSL may write in
// each of them.
template <class F>
int Stream::step(F&& attempt) {
  std::optional<NoSigpipe> no_sigpipe;
  if (secure_) no_sigpipe.emplace();
  try {
    return attempt();
  } catch (const Poco::Exception& e) {
    throw Lost(e.displayText());
  }
}

Stream::Stream(const Address& address, const Tls& tls, const Context::Ptr& context, Deadline deadline, int wake)
    : wake_(wake), secure_(!context.isNull()) {
  const std::string shown = to_text(address), name = tls.server_name.empty() ? address.host : tls.server_name;
  try {
    const SocketAddress where = resolve(address);
    if (secure_) {
      SecureStreamSocket secure(context);
      secure.setPeerHostName(name);
      secure.setLazyHandshake(true);
      socket_ = secure;
    }
    connect(where, deadline);
    if (address.port != 0) watch_peer(socket_);
    if (secure_) shake_hands(name, deadline);
  } catch (const Poco::Net::SSLException& e) {  // a certificate, ours or the server's
    throw Failure({Errc::permission, "redis: " + shown + ": TLS: " + e.displayText()});
  } catch (const Poco::Exception& e) {
    throw Failure(unavailable("redis: cannot connect to " + shown + ": " + e.displayText()));
  } catch (const Lost& lost) {
    throw Failure(unavailable("redis: cannot connect to " + shown + ": " + lost.what()));
  }
}

// TLS says goodbye.
Stream::~Stream() {
  std::optional<NoSigpipe> no_sigpipe;
  if (secure_) no_sigpipe.emplace();
  socket_ = Poco::Net::StreamSocket();
}

void Stream::connect(const SocketAddress& address, Deadline deadline) {
  socket_.connectNB(address);  // and stays so
  fcntl(descriptor(), F_SETFD, FD_CLOEXEC);
  if (!wait(POLLOUT, deadline)) throw Lost("no answer in time");
  if (const int error = socket_.impl()->socketError(); error != 0) throw Lost(std::strerror(error));
}

// By hand, so that the name is checked however slowly the server answers.
void Stream::shake_hands(const std::string& name, Deadline deadline) {
  SecureStreamSocket secure(socket_);
  const NoSigpipe no_sigpipe;
  for (int state = 0; (state = secure.completeHandshake()) != 1;) {
    if (state != kWantRead && state != kWantWrite) throw Lost("closed during the TLS handshake");
    if (!wait(state == kWantRead ? POLLIN : POLLOUT, deadline)) throw Lost("no TLS handshake in time");
  }
  secure.verifyPeerCertificate(name);
}

// What TLS was given counts as handed whatever comes of it: how much of it has left cannot be known.
void Stream::write(std::string_view octets, std::size_t& handed, Deadline deadline) {
  std::size_t sent = handed = 0;
  while (sent < octets.size()) {
    const std::string_view piece = octets.substr(sent, 1 << 20);
    if (secure_) handed = sent + piece.size();
    const int n = send(piece);
    if (n > 0) {
      handed = sent += static_cast<std::size_t>(n);
      continue;
    }
    if (!wait(secure_ && n == kWantRead ? POLLIN : POLLOUT, deadline)) throw Lost("not sent in time");
  }
}

int Stream::send(std::string_view octets) {
  if (!secure_) {  // not by Poco, who throws when the socket is full
    const ssize_t n = ::send(descriptor(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) throw Lost(std::strerror(errno));
    return static_cast<int>(n);
  }
  return step([&] { return socket_.sendBytes(octets.data(), static_cast<int>(octets.size())); });
}

int Stream::receive(char* buffer, std::size_t size) {
  const int n = step([&] { return socket_.receiveBytes(buffer, static_cast<int>(size)); });
  if (n == 0) throw Lost("closed by the server");
  return n;
}

std::size_t Stream::read(char* buffer, std::size_t size, Deadline deadline) {
  for (;;) {
    const int n = receive(buffer, size);
    if (n > 0) return static_cast<std::size_t>(n);
    if (!wait(secure_ && n == kWantWrite ? POLLOUT : POLLIN, deadline)) return 0;
  }
}

std::size_t Stream::read_now(char* buffer, std::size_t size) {
  return static_cast<std::size_t>(std::max(receive(buffer, size), 0));
}

bool Stream::wait(int events, Deadline deadline) {
  std::array<pollfd, 2> fds{pollfd{descriptor(), static_cast<short>(events), 0}, pollfd{wake_, POLLIN, 0}};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    const int n = poll(fds.data(), wake_ < 0 ? 1 : 2, static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX)));
    if (fds[1].revents != 0 && n > 0) throw Interrupted();
    if (n > 0) return true;
    if (n == 0 && left <= INT_MAX) return false;
  }
}

}  // namespace penstock::redis
