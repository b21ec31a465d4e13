// A task goes through ["json", "zstd"], is short in the store, and comes out whole.
//
//   chain MODULE    the plugin's file
#include <filesystem>
#include <iostream>
#include <string>

#include <penstock/penstock.hpp>

struct Letter {
  std::string text;
};
template <>
inline constexpr auto penstock::fields<Letter> = std::tuple{penstock::field{"text", &Letter::text}};
template <>
inline constexpr penstock::Policy penstock::job<Letter> = {.kind = "letter", .retries = 0};

int main(int argc, char** argv) try {
  if (argc != 2) return std::cerr << "usage: chain MODULE\n", 2;
  penstock::Options options;
  options.log_level = penstock::Level::warn;
  options.codecs = {{.use = "json"},
                    {.use = "zstd", .module = std::filesystem::absolute(argv[1]), .settings = {{"level", 19}}}};
  auto tasks = penstock::TaskManager::open(options);
  const std::string sent(100'000, 'a');
  std::string received;
  tasks.handle<Letter>([&](const Letter& letter) { received = letter.text; });
  const penstock::TaskRef ref = tasks.enqueue(Letter{sent});
  const penstock::TaskKey key = ref.key();
  const std::size_t stored = tasks.backend().get({&key, 1}).value()[0].value().body.size();
  const int status = tasks.drain();
  std::cout << sent.size() << " octets were stored as " << stored << "\n";
  return status == 0 && received == sent && stored < 200 ? 0 : 1;
} catch (const penstock::Exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
