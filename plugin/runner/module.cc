#include "runner/module.h"

#include <dlfcn.h>

#include "base/text.h"

namespace exhibit {
namespace {

bool complete(const exh_adapter* table) {
  return EXH_HAS(table, exh_adapter, describe) && EXH_HAS(table, exh_adapter, open) &&
         EXH_HAS(table, exh_adapter, close) && EXH_HAS(table, exh_adapter, probe) && EXH_HAS(table, exh_adapter, apply);
}

std::string loader_words() {
  const char* const words = ::dlerror();
  return words == nullptr ? "unknown" : harmless(words);
}

}  // namespace

Result<const exh_adapter*> load_module(const std::string& path) {
  using Entry = const exh_adapter*(std::uint32_t, std::uint32_t);
  void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return Error{Errc::not_found, cat("cannot load the adapter module: ", loader_words())};
  auto* const entry = reinterpret_cast<Entry*>(::dlsym(handle, "exhibit_adapter_entry"));
  if (entry == nullptr) return Error{Errc::not_found, "the adapter module has no exhibit_adapter_entry"};
  const exh_adapter* const table = entry(EXH_ADAPTER_MAJOR, EXH_ADAPTER_MINOR);
  if (table == nullptr || table->abi_major != EXH_ADAPTER_MAJOR || !complete(table))
    return Error{Errc::unsupported, "the adapter module is made for another version"};
  return table;
}

exh_sink TextSink::sink() {
  return {this, [](void* ctx, const char* bytes, std::size_t length) -> std::int32_t {
            auto* const self = static_cast<TextSink*>(ctx);
            if (self->text.size() + length > self->bytes_max) return 1;
            self->text.append(bytes, length);
            return 0;
          }};
}

}  // namespace exhibit
