// A store under soak: where it is, how large, and what can befall it.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "torture/folder.hpp"
#include "torture/soak/flat.hpp"
#include "torture/soak/mix.hpp"
#include "torture/soak/ring.hpp"

namespace penstock::torture {

struct Misfortune {
  std::string name;  // in the plural
  std::function<void()> strike;
};

// What a ground may use. All of it outlives the ground.
struct Surroundings {
  const Scratch& scratch;
  Ring& ring;
  std::mt19937_64& random;
  std::function<void(Millis)> wait;  // returns sooner when something is wrong
};

// Thread: one, the one that made it.
class Ground {
 public:
  struct Size {
    std::string what;
    Allowance allowed;
  };
  virtual ~Ground() = default;

  virtual penstock::Options options() const { return soak_options(place()); }  // of the manager that enqueues
  virtual StorePlace place() const = 0;                                        // for worker processes
  virtual bool has_workers() const { return true; }                            // else that manager works as well
  virtual double spare_descriptors() const { return 8; }  // by which those of the producer's process may differ
  virtual std::vector<Misfortune> misfortunes(TaskManager&) = 0;
  virtual std::vector<Size> sizes() const = 0;                  // what there is to measure of it
  virtual std::vector<double> measure(TaskManager&) const = 0;  // in that order
};

std::unique_ptr<Ground> memory_ground(const Surroundings&);
std::unique_ptr<Ground> sqlite_ground(const Surroundings&);
std::unique_ptr<Ground> redis_ground(const Surroundings&);

// Longer than a lease of soak_options().
inline constexpr Millis kPastTheLease{2'300};

}  // namespace penstock::torture
