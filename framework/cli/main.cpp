#include <exception>
#include <string>
#include <vector>

#include "cli/commands.hpp"

int main(int argc, char** argv) {
  try {
    return penstock::cli::run({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const std::exception& e) {
    return penstock::cli::fail(e.what());
  }
}
