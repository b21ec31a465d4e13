// What the programs of this folder have in common: they start themselves again as workers, and whatever ends one is
// said.
#pragma once

#include <exception>
#include <iostream>
#include <string_view>

#include "torture/options.hpp"
#include "torture/redis/load.hpp"

namespace penstock::torture {

// `body(options, score)` tortures. Returns the exit status of the program.
template <class Body>
int torture_program(int argc, char** argv, Body&& body) try {
  if (argc == 3 && std::string_view(argv[1]) == "--worker") return be_load_worker(argv[2]);
  Options options(argc, argv);
  Score score;
  body(options, score);
  return score.end();
} catch (const std::exception& e) {
  std::cerr << argv[0] << ": " << e.what() << "\n";
  return 2;
}

}  // namespace penstock::torture
