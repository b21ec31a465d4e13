#include "torture/kill_victim.hpp"

#include <algorithm>
#include <cstring>

#include "support/cut_vfs.hpp"
#include "torture/child.hpp"

namespace penstock::torture {
namespace {

constexpr std::size_t kMostCalls = 5'000, kLongestAnswer = 4096;

template <class T>
void append(Diary& diary, T value) {
  std::memcpy(&diary.answers[diary.size], &value, sizeof value);
  diary.size += sizeof value;
}

int complain(Diary& diary, const std::string& why) {
  diary.complaint.say(why);
  return 1;
}

int work(Diary& diary) {
  const Orders& orders = diary.orders;
  const bool by_operation = orders.kill == Kill::operation;
  testing::CutVfs vfs("kill");
  testing::ManualTime time;
  testing::TestHost host(&time);
  time.advance(Millis(orders.clock));
  if (by_operation) vfs.fail_at(orders.at, testing::Fault::kill, false);
  if (orders.kill == Kill::by_timer) kill_me_in(orders.at);
  const Place place{orders.folder.data(), by_operation ? "kill" : "", orders.power ? "power" : "process"};
  const auto store = open_store(place, host);
  diary.opened = 1;
  if (orders.kill == Kill::by_timer_on) kill_me_in(orders.at);

  std::mt19937_64 random(orders.seed);
  Ledger ledger;
  int next = orders.next;
  if (auto there = read(*store, next - 1)) ledger.accept(*std::move(there), false);
  const auto dies = [&](Kill when) {
    if (orders.kill == when && diary.begun == orders.at) kill(getpid(), SIGKILL);
  };
  while (diary.begun < kMostCalls && diary.size + kLongestAnswer < diary.answers.size()) {
    const Call call = invent(random, ledger.facts(), next);
    ++diary.begun;
    dies(Kill::before_call);
    const Result<Answer> answer = perform(*store, call);
    dies(Kill::after_call);
    if (!answer) return complain(diary, "an error without a fault: " + answer.error().message);
    ledger.acknowledge(call, *answer);
    write(diary, *answer);
    ++diary.answered;
    time.advance(Millis(random() % 1500));
  }
  return 0;
}

}  // namespace

// Bodies are left out: the victim has compared them, and both know them by the task's number.
void write(Diary& diary, const Answer& answer) {
  append(diary, static_cast<std::uint32_t>(answer.items.size()));
  for (const Item item : answer.items) append(diary, item);
  append(diary, static_cast<std::uint32_t>(answer.leased.size()));
  for (const Leased& l : answer.leased) {
    append(diary, number_of(l.id));
    append(diary, l.epoch);
    append(diary, l.lapsed);
    append(diary, l.begun);
  }
  append(diary, answer.trimmed);
}

template <class T>
T DiaryReader::take() {
  T value;
  std::memcpy(&value, &diary_.answers[at_], sizeof value);
  at_ += sizeof value;
  return value;
}

Answer DiaryReader::next() {
  Answer answer;
  answer.items.resize(take<std::uint32_t>());
  std::generate(answer.items.begin(), answer.items.end(), [&] { return take<Item>(); });
  for (auto n = take<std::uint32_t>(); n > 0; --n) {
    Leased& l = answer.leased.emplace_back();
    const int task = take<int>();
    l.id = id_of(task);
    l.body = body_of(task);
    l.epoch = take<Epoch>();
    l.lapsed = take<bool>();
    l.begun = take<bool>();
  }
  answer.trimmed = take<std::uint64_t>();
  return answer;
}

int be_victim(const std::string& path) {
  alarm(kStuckAfter);
  const Shared<Diary> diary(Shared<Diary>::As::found, path);
  try {
    return work(*diary);
  } catch (const std::exception& e) {
    return complain(*diary, e.what());
  }
}

}  // namespace penstock::torture
