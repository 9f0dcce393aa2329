#pragma once

#include <string>

#include "base/result.h"
#include "exhibit/adapter.h"

namespace exhibit {

/// Loads the adapter module and checks that both sides fit. It stays loaded until the process ends.
/// not_found: no such file or symbol. unsupported: another major, or a table too short.
Result<const exh_adapter*> load_module(const std::string& path);

/// A sink that appends to a text, up to a bound; beyond it the writer is told to stop.
struct TextSink {
  std::string text;
  std::size_t bytes_max = 1U << 20;

  exh_sink sink();
};

inline exh_str to_exh(const std::string& text) { return {text.data(), text.size()}; }
inline std::string_view from_exh(exh_str text) { return {text.ptr == nullptr ? "" : text.ptr, text.len}; }

}  // namespace exhibit
