#include "script.hpp"

#include <Poco/DigestEngine.h>
#include <Poco/SHA1Engine.h>
#include <utility>

namespace penstock::redis {

Script::Script(std::string source) : source_(std::move(source)) {
  Poco::SHA1Engine sha1;
  sha1.update(source_);
  sha_ = Poco::DigestEngine::digestToHex(sha1.digest());
}

}  // namespace penstock::redis
