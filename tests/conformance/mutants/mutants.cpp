#include "conformance/mutants/mutants.hpp"

#include <algorithm>
#include <fcntl.h>
#include <mutex>

#include "conformance/mutants/faulty.hpp"

namespace penstock::conformance {

namespace {

// A task handed out earlier, to be handed out again.
struct Remembered {
  std::mutex lock;
  std::vector<Leased> last;
};

Epoch epoch_now(DurableBackend& store, const TaskKey& k) {
  const auto found = store.get(std::span(&k, 1));
  return found && found.value()[0] ? found.value()[0]->epoch : 0;
}

const Mutant kMutants[] = {
    // Fencing
    {"takes a settlement under any epoch",
     [](Faults& f) { f.settlement = [](Settlement& s, DurableBackend& in) { s.epoch = epoch_now(in, s.key); }; }},
    {"tells stale holders that all is well",
     [](Faults& f) {
       f.settled = [](auto&, Item& i, auto&) {
         if (i == Item::lease_lost) i = Item::ok;
       };
     }},
    {"takes a cancelled retry for a retry",
     [](Faults& f) {
       f.settled = [](auto&, Item& i, auto&) {
         if (i == Item::requested) i = Item::ok;
       };
     }},
    {"hands a task out twice",
     [](Faults& f) {
       f.exchanged = [kept = std::make_shared<Remembered>()](Exchanged& e) {
         const std::lock_guard hold(kept->lock);
         if (!e.leased.empty())
           kept->last = e.leased;
         else
           e.leased = std::exchange(kept->last, {});
       };
     }},
    {"extends what is lost",
     [](Faults& f) {
       f.exchanged = [](Exchanged& e) {
         for (Extended& x : e.extended) x.what = Item::ok;
       };
     }},
    {"hides which tasks to stop",
     [](Faults& f) {
       f.exchanged = [](Exchanged& e) {
         for (Extended& x : e.extended) x.stop.clear();
       };
     }},

    // Claiming
    {"hands out more than the limit", [](Faults& f) { f.exchange = [](Exchange& e) { e.limit *= 2; }; }},
    {"ignores quotas", [](Faults& f) { f.share = [](Share& s) { s.quota = UINT32_MAX; }; }},
    {"does not fill the room that quotas leave",
     [](Faults& f) {
       f.exchange = [](Exchange& e) {
         std::uint64_t sum = 0;
         for (const Share& s : e.claim) sum += s.quota;
         e.limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(e.limit, sum));
       };
     }},
    {"hands out the last task first",
     [](Faults& f) { f.exchanged = [](Exchanged& e) { std::reverse(e.leased.begin(), e.leased.end()); }; }},
    {"forgets priorities", [](Faults& f) { f.task = [](NewTask& t) { t.priority = 0; }; }},
    {"turns priorities around",
     [](Faults& f) {
       f.task = [](NewTask& t) { t.priority = static_cast<std::int32_t>(-1 - std::int64_t{t.priority}); };
     }},
    {"forgets weights",
     [](Faults& f) { f.task = [](NewTask& t) { t.weight = std::min<std::uint16_t>(t.weight, 1); }; }},
    {"never marks a task begun", [](Faults& f) { f.exchange = [](Exchange& e) { e.begin = 0; }; }},
    {"marks every task begun", [](Faults& f) { f.exchange = [](Exchange& e) { e.begin = UINT32_MAX; }; }},
    {"does not tell that a task lapsed",
     [](Faults& f) {
       f.exchanged = [](Exchanged& e) {
         for (Leased& t : e.leased) t.lapsed = false;
       };
     }},
    {"does not tell that a lapsed task had begun",
     [](Faults& f) {
       f.exchanged = [](Exchanged& e) {
         for (Leased& t : e.leased) t.begun = t.begun && !t.lapsed;
       };
     }},
    {"ends leases at half time",
     [](Faults& f) {
       f.exchange = [](Exchange& e) {
         if (e.lease > Millis(1)) e.lease /= 2;
       };
     }},
    {"never ends a lease",
     [](Faults& f) {
       f.exchange = [](Exchange& e) {
         if (e.lease >= Millis(1)) e.lease = Millis::max();
       };
     }},
    {"takes a lease of nothing for a short one",
     [](Faults& f) { f.exchange = [](Exchange& e) { e.lease = std::max(e.lease, Millis(1)); }; }},
    {"does not tell the next date", [](Faults& f) { f.exchanged = [](Exchanged& e) { e.next_due.reset(); }; }},
    {"always says that more is there", [](Faults& f) { f.exchanged = [](Exchanged& e) { e.next_due = Millis(0); }; }},

    // Letting in
    {"runs scheduled tasks at once",
     [](Faults& f) { f.task = [](NewTask& t) { t.due.reset(), t.delay = std::min(t.delay, Millis(0)); }; }},
    {"cuts bodies at the first NUL",
     [](Faults& f) { f.task = [](NewTask& t) { t.body = t.body.substr(0, t.body.find('\0')); }; }},
    {"cuts long bodies and says ok",
     [](Faults& f) { f.task = [](NewTask& t) { t.body = t.body.substr(0, 1u << 20); }; }},
    {"cuts long queue names", [](Faults& f) { f.task = [](NewTask& t) { t.key.queue = t.key.queue.substr(0, 128); }; }},
    {"takes any kind for a name",
     [](Faults& f) {
       f.task = [](NewTask& t) {
         if (t.kind.find_first_of(" /:{'") != t.kind.npos) t.kind = "mended";
       };
     }},
    {"takes weight zero for one",
     [](Faults& f) { f.task = [](NewTask& t) { t.weight = std::max<std::uint16_t>(t.weight, 1); }; }},
    {"takes negative delays for none",
     [](Faults& f) { f.task = [](NewTask& t) { t.delay = std::max(t.delay, Millis(0)); }; }},
    {"says ok to a repeated enqueue",
     [](Faults& f) {
       f.admission = [](Admission& a) {
         if (a.what == Item::exists) a.what = Item::ok;
       };
     }},
    {"says exists to another body",
     [](Faults& f) {
       f.admission = [](Admission& a) {
         if (a.what == Item::conflict) a.what = Item::exists;
       };
     }},
    {"answers an enqueue in reverse",
     [](Faults& f) { f.admissions = [](auto& all) { std::reverse(all.begin(), all.end()); }; }},
    {"takes batches of any size", [](Faults& f) { f.split = 8; }},
    {"ignores queue limits", [](Faults& f) { f.task = [](NewTask& t) { t.queue_limit = 0; }; }},
    {"ignores guards", [](Faults& f) { f.guard = [](const Guard*& g) { g = nullptr; }; }},

    // Settling
    {"forgets charges", [](Faults& f) { f.settlement = [](Settlement& s, auto&) { s.charge = Charge::none; }; }},
    {"takes crashes for failures",
     [](Faults& f) {
       f.settlement = [](Settlement& s, auto&) {
         if (s.charge == Charge::crash) s.charge = Charge::failure;
       };
     }},
    {"forgets notes", [](Faults& f) { f.settlement = [](Settlement& s, auto&) { s.note = {}; }; }},
    {"retries without delay", [](Faults& f) { f.settlement = [](Settlement& s, auto&) { s.delay = Millis(0); }; }},
    {"keeps nothing", [](Faults& f) { f.settlement = [](Settlement& s, auto&) { s.keep = Millis(0); }; }},
    {"keeps everything", [](Faults& f) { f.settlement = [](Settlement& s, auto&) { s.keep = kKeepForever; }; }},
    {"takes a settlement to scheduled for a retry",
     [](Faults& f) {
       f.settlement = [](Settlement& s, auto&) {
         if (s.to == State::scheduled) s.to = State::ready;
       };
     }},
    {"loses children", [](Faults& f) { f.settlement = [](Settlement& s, auto&) { s.children = {}; }; }},
    {"enqueues children of stale holders",
     [](Faults& f) {
       f.settled = [](const Settlement& s, Item& i, DurableBackend& in) {
         if (i == Item::lease_lost) (void)in.enqueue(s.children, nullptr);
       };
     }},

    // Cancelling, reading, counting, letting go
    {"answers cancels and does nothing", [](Faults& f) { f.lose_cancels = true; }},
    {"says that a running task was cancelled",
     [](Faults& f) {
       f.cancelled = [](Item& i) {
         if (i == Item::requested) i = Item::ok;
       };
     }},
    {"says that an ended task was cancelled",
     [](Faults& f) {
       f.cancelled = [](Item& i) {
         if (i == Item::finished) i = Item::ok;
       };
     }},
    {"does not find tombstones",
     [](Faults& f) {
       f.record = [](std::optional<Record>& r) {
         if (r && r->tombstone) r.reset();
       };
     }},
    {"shows the epoch of nobody",
     [](Faults& f) {
       f.record = [](std::optional<Record>& r) {
         if (r) r->epoch = 0;
       };
     }},
    {"shows the due date of tasks that wait for none",
     [](Faults& f) {
       f.record = [](std::optional<Record>& r) {
         if (r && r->state == State::leased) r->due = r->enqueued;
       };
     }},
    {"counts a task too few",
     [](Faults& f) {
       f.counts = [](auto& all) {
         for (Counts& c : all)
           if (auto& n = c.by_state[3]; n > 1) --n;
       };
     }},
    {"lists queues in any order",
     [](Faults& f) { f.counts = [](auto& all) { std::reverse(all.begin(), all.end()); }; }},
    {"lets go of all at once", [](Faults& f) { f.retention = [](Retention& r) { r.at_most = UINT32_MAX; }; }},
    {"lets nothing go by age", [](Faults& f) { f.retention = [](Retention& r) { r.age = kKeepForever; }; }},
    {"takes a negative age for none",
     [](Faults& f) { f.retention = [](Retention& r) { r.age = std::max(r.age, Millis(0)); }; }},
    {"takes any state for an end",
     [](Faults& f) { f.retention = [](Retention& r) { r.state = ended(r.state) ? r.state : State::succeeded; }; }},
    {"lets nothing go by bytes", [](Faults& f) { f.retention = [](Retention& r) { r.bytes = UINT64_MAX; }; }},
    {"keeps one record too many",
     [](Faults& f) {
       f.retention = [](Retention& r) {
         if (r.count < 1'000) ++r.count;
       };
     }},
    {"always finds something to let go",
     [](Faults& f) { f.trimmed = [](std::uint64_t& n) { n = std::max<std::uint64_t>(n, 1); }; }},

    // What it says of itself, and its capabilities
    {"lists a feature that nobody knows",
     [](Faults& f) { f.properties = [](Properties& p) { p.features |= 1u << 20; }; }},
    {"does not list a feature it serves",
     [](Faults& f) {
       f.properties = [](Properties& p) { p.features &= ~std::uint32_t{kLimit | kGuard | kChildren}; };
     }},
    {"promises smaller batches than it takes",
     [](Faults& f) { f.properties = [](Properties& p) { p.max_batch = 7; }; }},
    {"denies a capability it lists", [](Faults& f) { f.hidden = Waiter::kId; }},
    {"leaves a descriptor open", [](Faults&) { (void)::open("/dev/null", O_RDONLY | O_CLOEXEC); }},
    {"does not hear the bell",
     [](Faults& f) { f.bell = [](std::uint64_t asked, std::uint64_t& bell) { bell = asked ? asked : bell; }; }},
    {"rings without a reason",
     [](Faults& f) {
       f.bell = [](std::uint64_t asked, std::uint64_t& bell) { bell = bell == asked ? bell + 1 : bell; };
     }},
    {"sets documents from any revision",
     [](Faults& f) { f.document = [](Document& d, std::uint64_t now) { d.revision = now; }; }},
    {"cuts the names of documents",
     [](Faults& f) { f.document = [](Document& d, std::uint64_t) { d.name = d.name.substr(0, kMaxDocumentName); }; }},
    {"takes documents of any size",
     [](Faults& f) { f.document = [](Document& d, std::uint64_t) { d.value = d.value.substr(0, 1u << 20); }; }},
    {"loses the end of each page",
     [](Faults& f) {
       f.page = [](auto& page, std::string& next) {
         if (!next.empty() && page.size() > 1) page.pop_back();
       };
     }},
    {"browses without looking at the kind", [](Faults& f) { f.filter = [](Filter& x) { x.kind = {}; }; }},
    {"browses without looking at the time",
     [](Faults& f) { f.filter = [](Filter& x) { x.from = {}, x.to = Time::max(); }; }},
    {"says that every move was done", [](Faults& f) { f.moved = [](Item& i) { i = Item::ok; }; }},
    {"lets a term last for ever",
     [](Faults& f) { f.term_time = [](Millis& ttl) { ttl = ttl > Millis(0) ? Millis::max() : ttl; }; }},
    {"gives each term the same number", [](Faults& f) { f.term = [](Term& t) { t.number = t.number ? 1 : 0; }; }},
    {"hides who led last", [](Faults& f) { f.term = [](Term& t) { t.number = t.leader.empty() ? 0 : t.number; }; }},
    {"lets the leader of before renew and resign",
     [](Faults& f) {
       f.named_term = [](std::uint64_t& term, const Term& now) { term = term < now.number ? now.number : term; };
     }},
    {"says that every renewal was done", [](Faults& f) { f.renewed = [](bool& b) { b = true; }; }},
};

}  // namespace

std::span<const Mutant> plain_mutants() { return kMutants; }

std::vector<Mutant> mutants() {
  std::vector<Mutant> all(plain_mutants().begin(), plain_mutants().end());
  all.insert(all.end(), flow_mutants().begin(), flow_mutants().end());
  return all;
}

std::unique_ptr<DurableBackend> mutate(const Mutant& mutant, std::unique_ptr<DurableBackend> sound) {
  Faults faults;
  mutant.bend(faults);
  return std::make_unique<Faulty>(std::move(sound), std::move(faults));
}

}  // namespace penstock::conformance
