#include "flows.hpp"

#include "statements.hpp"

namespace penstock::sqlite {

Flow& Flows::read(Use& use) {
  const std::int64_t id = use.integer(0);
  if (auto known = by_id_.find(id); known != by_id_.end()) return *known->second;
  Flow& f = flows_.emplace_back();
  f.id = id;
  numbers_.seen(id);
  f.q = use.integer(1);
  f.seat = use.integer(2);
  f.counted = use.integer(3) != 0;
  f.head = {use.integer(4), use.integer(5)};
  f.since = use.integer(6);
  f.name = use.bytes(7);
  f.stored = true;
  by_id_.emplace(id, &f);
  return f;
}

Flow& Flows::at(std::int64_t q, std::string_view name) {
  std::pair key(q, std::string(name));
  if (auto known = by_name_.find(key); known != by_name_.end()) return *known->second;
  Use use(sql_.flow().flow_find, q, name);
  if (use.next()) return *(by_name_[std::move(key)] = &read(use));
  Flow& f = flows_.emplace_back();
  f.id = numbers_.next(sql_.flow().flow_last);
  f.q = q;
  f.name = name;
  by_id_.emplace(f.id, &f);
  by_name_.emplace(std::move(key), &f);
  return f;
}

Flow& Flows::get(std::int64_t id) {
  if (auto known = by_id_.find(id); known != by_id_.end()) return *known->second;
  Use use(sql_.flow().flow_get, id);
  if (!use.next()) throw Failure(Error{Errc::data_regression, "flow " + std::to_string(id) + " is missing"}, 0);
  return read(use);
}

std::vector<std::pair<Head, Flow*>> Flows::first(std::int64_t seat, bool counted, std::size_t most) {
  std::vector<std::pair<Head, Flow*>> out;
  Use use(sql_.flow().flow_first, seat, counted, most);
  while (use.next()) {
    Flow& f = read(use);
    out.emplace_back(f.head, &f);
  }
  return out;
}

std::vector<Flow*> Flows::of_key(std::int64_t q, std::string_view key, int most) {
  std::vector<Flow*> out;
  const std::string name = static_cast<char>(key.size()) + std::string(key);  // how all of them begin
  Use use(sql_.flow().flow_named, q, std::string_view(name), most);
  while (use.next() && use.bytes(7).substr(0, name.size()) == name) out.push_back(&read(use));
  return out;
}

void Flows::touch(Flow& f) {
  if (!f.changed) changed_.push_back(&f);
  f.changed = true;
}

void Flows::save() {
  for (Flow* f : changed_) {
    if (f->seat == 0) {
      if (f->stored) run(sql_.flow().flow_delete, f->id);
    } else if (f->stored) {
      run(sql_.flow().flow_save, f->id, f->seat, f->counted, f->head.rank, f->head.n, f->since);
    } else {
      run(sql_.flow().flow_add, f->id, f->q, f->seat, f->counted, f->head.rank, f->head.n, f->since, f->name);
    }
    f->stored = f->seat != 0;
    f->changed = false;
  }
  changed_.clear();
}

}  // namespace penstock::sqlite
