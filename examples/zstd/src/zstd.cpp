// A transform that compresses: [codec] use = ["json", "zstd"].
#include <memory>
#include <string>
#include <zstd.h>

#include <penstock/plugin/codec.hpp>
#include <penstock/plugin/plugin.hpp>

namespace {

using namespace penstock;

constexpr Setting kSettings[] = {
    {.key = "level",
     .kind = Kind::integer,
     .fallback = "3",
     .doc = "How hard it tries: more takes longer and makes less.",
     .min = 1,
     .max = 19},
};

Error failed(const char* what, std::size_t code) {
  return {Errc::invalid, std::string(what) + ": " + ZSTD_getErrorName(code)};
}

struct FreeReader {
  void operator()(ZSTD_DStream* reader) const { ZSTD_freeDStream(reader); }
};

class Zstd final : public TransformCodec {
 public:
  explicit Zstd(int level) : level_(level) {}

  static Result<std::unique_ptr<TransformCodec>> open(Host&, const Settings& settings) {
    return std::unique_ptr<TransformCodec>(std::make_unique<Zstd>(static_cast<int>(settings.integer("level"))));
  }

  Result<std::string> apply(std::string_view bytes) noexcept override {
    return guard([&]() -> Result<std::string> {
      std::string out(ZSTD_compressBound(bytes.size()), '\0');
      const std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level_);
      if (ZSTD_isError(size)) return failed("it could not be compressed", size);
      out.resize(size);
      return out;
    });
  }

  // One frame and nothing behind it. What the frame claims of its size is not believed: the output grows with
  // what comes out, so a small frame that holds gigabytes costs no more than `at_most`.
  Result<std::string> undo(std::string_view bytes, std::uint64_t at_most) noexcept override {
    return guard([&]() -> Result<std::string> {
      const std::unique_ptr<ZSTD_DStream, FreeReader> reader(ZSTD_createDStream());
      if (!reader) return Error{Errc::resource_exhausted, "no memory for a decompressor", true};
      ZSTD_DCtx_setParameter(reader.get(), ZSTD_d_windowLogMax, kMostWindow);
      ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
      std::string out, part(ZSTD_DStreamOutSize(), '\0');
      for (;;) {
        ZSTD_outBuffer room{part.data(), part.size(), 0};
        const std::size_t left = ZSTD_decompressStream(reader.get(), &room, &in);
        if (ZSTD_isError(left)) return failed("it is damaged", left);
        if (room.pos > at_most - out.size()) {
          return Error{Errc::resource_exhausted,
                       "more than " + std::to_string(at_most) + " octets come out of " + std::to_string(bytes.size())};
        }
        out.append(part, 0, room.pos);
        if (left == 0) break;
        if (in.pos == in.size && room.pos < room.size) return Error{Errc::invalid, "it is damaged: cut short"};
      }
      if (in.pos != in.size) return Error{Errc::invalid, "it is damaged: something follows its end"};
      return out;
    });
  }

 private:
  static constexpr int kMostWindow = 23;  // 8 MiB: what level 19 uses

  const int level_;
};

}  // namespace

PENSTOCK_PLUGIN(zstd, "0.1.0", "MIT",
                component<TransformCodec, Zstd, Transform>("zstd", "Compresses payloads and results.", kSettings));
