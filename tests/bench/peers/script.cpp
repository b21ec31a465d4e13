#include "bench/peers/script.hpp"

#include <sstream>
#include <stdexcept>

#include "support/process.hpp"

namespace penstock::bench {

Series figures_of(const std::vector<std::string>& command) {
  std::istringstream said(testing::run(command));
  std::string line, last;
  while (std::getline(said, line)) last = line;
  std::istringstream numbers(last);
  Series figures;
  for (double figure = 0; numbers >> figure;) figures.push_back(figure);
  if (figures.empty() || !numbers.eof()) throw std::runtime_error(command[1] + " printed no figures: " + said.str());
  return figures;
}

std::string answer_of(const std::vector<std::string>& command) {
  try {
    const std::string said = testing::run(command);
    return said.substr(0, said.find('\n'));
  } catch (const std::runtime_error&) {
    return {};
  }
}

std::string package_version(const std::string& folder, const std::string& package) {
  return answer_of({"node", "-p", "require('" + folder + "/node_modules/" + package + "/package.json').version"});
}

}  // namespace penstock::bench
