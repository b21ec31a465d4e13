// The store that the guide's program opens: the template's, which is compiled here as any other source.
#include "../../../examples/plugin-template/src/backend.cpp"

static std::unique_ptr<penstock::DurableBackend> open_store(penstock::Host& host) {
  return std::make_unique<MemoryBackend>(static_cast<penstock::TimeSource*>(host.query(penstock::TimeSource::kId)),
                                         2 << 20);
}
