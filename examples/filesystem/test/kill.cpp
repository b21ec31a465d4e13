// Several processes on one folder, killed at any moment: every task that was accepted runs and ends.
//
//   kill MODULE [KILLS]    MODULE: the plugin's file
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <poll.h>
#include <random>
#include <set>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <penstock/penstock.hpp>

namespace {

constexpr penstock::Policy kNote{.kind = "note", .queue = "notes"};
constexpr int kWorkers = 3, kTasksEach = 60, kLinesBetweenKills = 40;

penstock::Options options(const std::string& module, const std::string& folder) {
  penstock::Options o;
  o.threads = 2;
  o.lease = std::chrono::milliseconds(500);
  o.max_crashes = 1'000'000;  // it is not the tasks' fault
  o.log_level = penstock::Level::error;
  o.backend = {.use = "filesystem", .module = module, .settings = {{"path", folder}, {"sync", false}}};
  return o;
}

// One line, whole: a pipe takes so little in one piece.
void say(int pipe, char what, const penstock::TaskId& id) {
  const std::string line = what + penstock::to_text(id) + "\n";
  if (write(pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
}

// Makes tasks and runs those of everybody; tells of each that is accepted (a) or runs (r). Until it is killed,
// or, with `drain`, until nothing is left.
int work(const std::string& module, const std::string& folder, int pipe, bool drain) {
  auto tasks = penstock::TaskManager::open(options(module, folder));
  tasks.handle(kNote, [pipe](penstock::Context& ctx) { say(pipe, 'r', ctx.task().id); });
  if (drain) return tasks.drain();
  tasks.start();
  for (int n = 0; n < kTasksEach; ++n) say(pipe, 'a', tasks.enqueue_bytes(kNote, "").id);
  for (;;) pause();
}

class Crowd {
 public:
  Crowd(std::string module, std::string folder) : module_(std::move(module)), folder_(std::move(folder)) {
    if (pipe2(pipe_, O_CLOEXEC) != 0) std::abort();
  }
  pid_t start(bool drain) const {
    const pid_t parent = getpid(), child = fork();
    if (child != 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);  // it has gone already
    const int pipe = dup(pipe_[1]);       // this one is not closed by exec
    execl("/proc/self/exe", "kill", module_.c_str(), "work", folder_.c_str(), std::to_string(pipe).c_str(),
          drain ? "drain" : "", nullptr);
    _exit(127);
  }
  enum class Heard { line, end, silence };  // end: nobody is left to say anything; silence: nobody does
  // Takes the next line that somebody says.
  Heard listen() {
    std::string line;
    pollfd ready{pipe_[0], POLLIN, 0};
    if (poll(&ready, 1, 60'000) == 0) {
      std::cerr << "no worker has said anything for a minute\n";
      return Heard::silence;
    }
    for (char c; read(pipe_[0], &c, 1) == 1 && c != '\n';) line += c;
    if (line.empty()) return Heard::end;
    (line[0] == 'a' ? accepted : ran).insert(line.substr(1));
    return Heard::line;
  }
  // False: somebody lives who says nothing.
  bool hear_the_rest() {
    close(pipe_[1]);
    Heard last;
    while ((last = listen()) == Heard::line) {
    }
    return last == Heard::end;
  }

  std::set<std::string> accepted, ran;

 private:
  const std::string module_, folder_;
  int pipe_[2];
};

int status_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

struct Folder {
  Folder() {
    if (!mkdtemp(path.data())) std::abort();
  }
  ~Folder() {
    std::error_code ignored;  // workers that are still on their way out may write into it
    std::filesystem::remove_all(path, ignored);
  }
  std::string path = (std::filesystem::temp_directory_path() / "penstock-kill-XXXXXX").string();
};

int run(const std::string& module, int kills) {
  const Folder scratch;
  const std::string& folder = scratch.path;
  penstock::TaskManager::open(options(module, folder + "/store"));  // or says why not
  Crowd crowd(module, folder + "/store");
  std::mt19937 random(1);
  std::vector<pid_t> workers;
  for (int i = 0; i < kWorkers; ++i) workers.push_back(crowd.start(false));
  for (int i = 0; i < kills; ++i) {
    for (int line = 0; line < kLinesBetweenKills; ++line) {
      if (crowd.listen() != Crowd::Heard::line) return 1;
    }
    pid_t& victim = workers[random() % workers.size()];
    kill(victim, SIGKILL);
    if (!WIFSIGNALED(status_of(victim))) return std::cerr << "a worker ended by itself\n", 1;
    victim = crowd.start(false);
  }
  for (pid_t worker : workers) kill(worker, SIGKILL), status_of(worker);
  const pid_t last = crowd.start(true);
  if (!crowd.hear_the_rest()) kill(last, SIGKILL);
  const int status = status_of(last);

  auto tasks = penstock::TaskManager::open(options(module, folder + "/store"));
  std::size_t lost = 0, open = 0;
  for (const std::string& id : crowd.accepted) lost += !crowd.ran.contains(id);
  for (const penstock::Counts& c : tasks.counts()) {
    for (std::size_t state = 0; state < penstock::kStates; ++state) {
      if (!penstock::ended(static_cast<penstock::State>(state))) open += c.by_state[state];
    }
  }
  std::cout << kills << " kills, " << crowd.accepted.size() << " tasks accepted, " << lost << " lost, " << open
            << " left, " << crowd.ran.size() << " ran\n";
  return status == 0 && lost == 0 && open == 0 && !crowd.accepted.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc == 6 && std::strcmp(argv[2], "work") == 0) {
    return work(argv[1], argv[3], std::atoi(argv[4]), std::strcmp(argv[5], "drain") == 0);
  }
  if (argc < 2) return std::cerr << "usage: kill MODULE [KILLS]\n", 2;
  return run(std::filesystem::absolute(argv[1]), argc > 2 ? std::atoi(argv[2]) : 20);
} catch (const penstock::Exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
