// Each few octets are a call of the seam: the memory backend does what the reference model does.
#include "fuzz/fuzz.hpp"
#include "model/player.hpp"

void penstock::fuzz::take(std::string_view input) {
  constexpr std::size_t kMostOps = 300;
  const auto subject = model::make_subject("memory");
  const auto found = model::Player(*subject, {}).play(model::generate(input, kMostOps));
  demand(!found, found ? found->what : "");
}
