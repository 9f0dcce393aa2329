#include "packet/address.h"

#include <algorithm>

#include "base/text.h"

namespace exhibit {
namespace {

using V4 = std::array<std::uint8_t, 4>;
using Groups = std::vector<std::uint16_t>;

std::optional<V4> parse_v4(std::string_view text) {
  V4 bytes{};
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const std::string_view part = text.substr(0, dot);
    // A leading zero means octal to some readers and decimal to others; neither is guessed.
    if (part.empty() || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    const auto number = parse_number<std::uint8_t>(part);
    if (!number) return std::nullopt;
    bytes[i] = *number;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return bytes;
}

/// The groups between colons; the last may be dotted decimal when `tail` is true.
std::optional<Groups> parse_groups(std::string_view text, bool tail) {
  Groups groups;
  if (text.empty()) return groups;
  while (true) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    if (colon == std::string_view::npos && tail && part.find('.') != std::string_view::npos) {
      const auto v4 = parse_v4(part);
      if (!v4) return std::nullopt;
      groups.push_back(static_cast<std::uint16_t>((*v4)[0] << 8 | (*v4)[1]));
      groups.push_back(static_cast<std::uint16_t>((*v4)[2] << 8 | (*v4)[3]));
      return groups;
    }
    const auto group = part.size() <= 4 ? parse_number<std::uint16_t>(part, 16) : std::nullopt;
    if (!group || groups.size() == 8) return std::nullopt;
    groups.push_back(*group);
    if (colon == std::string_view::npos) return groups;
    text.remove_prefix(colon + 1);
  }
}

std::optional<Groups> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    auto groups = parse_groups(text, true);
    return groups && groups->size() == 8 ? groups : std::nullopt;
  }
  auto head = parse_groups(text.substr(0, gap), false);
  const auto tail = parse_groups(text.substr(gap + 2), true);
  if (!head || !tail || head->size() + tail->size() > 7) return std::nullopt;
  head->resize(8 - tail->size(), 0);
  head->insert(head->end(), tail->begin(), tail->end());
  return head;
}

struct Run {
  std::size_t begin = 0, length = 0;
};

/// The first longest run of zero groups, if it is longer than one (RFC 5952 4.2).
Run longest_zero_run(const std::array<unsigned, 8>& groups) {
  Run best, run;
  for (std::size_t i = 0; i < 8; ++i) {
    run = groups[i] != 0 ? Run{i + 1, 0} : Run{run.begin, run.length + 1};
    if (run.length > best.length) best = run;
  }
  return best.length > 1 ? best : Run{};
}

std::string text_v6(ByteView bytes) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = unsigned{bytes[2 * i]} << 8 | bytes[2 * i + 1];
  if (std::all_of(groups.begin(), groups.begin() + 5, [](unsigned g) { return g == 0; }) && groups[5] == 0xFFFF)
    return cat("::ffff:", bytes[12], '.', bytes[13], '.', bytes[14], '.', bytes[15]);  // RFC 5952 5
  const Run run = longest_zero_run(groups);
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (run.length != 0 && i == run.begin) {
      out += "::";
      i += run.length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    char digits[8];
    const auto end = std::to_chars(digits, digits + sizeof digits, groups[i], 16).ptr;
    out.append(digits, end);
  }
  return out;
}

bool bit_at(ByteView bytes, int index) {
  const auto at = static_cast<std::size_t>(index);
  return (bytes[at / 8] >> (7 - at % 8) & 1) != 0;
}

}  // namespace

IpAddress IpAddress::from_bytes(ByteView bytes) {
  IpAddress made;
  if (bytes.size() != 4 && bytes.size() != 16) return made;
  made.v6_ = bytes.size() == 16;
  std::copy(bytes.begin(), bytes.end(), made.bytes_.begin());
  return made;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() > 45) return std::nullopt;
  if (text.find(':') == std::string_view::npos) {
    const auto bytes = parse_v4(text);
    if (!bytes) return std::nullopt;
    return from_bytes(*bytes);
  }
  const auto groups = parse_v6(text);
  if (!groups) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[2 * i] = static_cast<std::uint8_t>((*groups)[i] >> 8);
    bytes[2 * i + 1] = static_cast<std::uint8_t>((*groups)[i] & 0xFF);
  }
  return from_bytes(bytes);
}

std::string IpAddress::text() const {
  if (v6_) return text_v6(bytes_);
  return cat(bytes_[0], '.', bytes_[1], '.', bytes_[2], '.', bytes_[3]);
}

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const int bits = static_cast<int>(address->bytes().size()) * 8;
  if (slash == std::string_view::npos) return Network{*address, bits};
  const auto prefix = parse_number<std::uint8_t>(text.substr(slash + 1));
  if (!prefix || *prefix > bits) return std::nullopt;
  for (int bit = *prefix; bit < bits; ++bit)
    if (bit_at(address->bytes(), bit)) return std::nullopt;
  return Network{*address, *prefix};
}

bool Network::contains(const IpAddress& address) const {
  if (address.is_v6() != base.is_v6()) return false;
  const auto whole = static_cast<std::size_t>(prefix / 8);
  const ByteView left = base.bytes(), right = address.bytes();
  if (!std::equal(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(whole), right.begin())) return false;
  if (prefix % 8 == 0) return true;
  return ((left[whole] ^ right[whole]) >> (8 - prefix % 8)) == 0;
}

std::string Network::text() const { return cat(base.text(), '/', prefix); }

}  // namespace exhibit
