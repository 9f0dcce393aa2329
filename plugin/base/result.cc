#include "base/result.h"

namespace exhibit {

std::string_view name_of(Errc code) {
  switch (code) {
    case Errc::bad_input: return "bad input";
    case Errc::too_large: return "too large";
    case Errc::not_found: return "not found";
    case Errc::corrupt: return "corrupt";
    case Errc::unavailable: return "unavailable";
    case Errc::denied: return "denied";
    case Errc::timeout: return "timeout";
    case Errc::unsupported: return "unsupported";
  }
  return "unknown";
}

}  // namespace exhibit
