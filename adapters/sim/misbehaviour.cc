#include "adapters/sim/misbehaviour.h"

#include <algorithm>

#include "base/text.h"

namespace exhibit::sim {
namespace {

constexpr std::string_view call_names[] = {"create", "note", "update", "attach", "find"};

bool concerns(const Misbehaviour& order, DeskCall call, bool reused, std::string_view body) {
  if (order.reused && !reused) return false;
  if (!order.match.empty() && body.find(order.match) == std::string_view::npos) return false;
  return order.on == "any" || (order.on == "write" && call != DeskCall::find) || order.on == name_of(call);
}

Result<void> read_option(std::string_view key, std::string_view value, Misbehaviour& order) {
  if (key == "on") {
    order.on = value;
  } else if (key == "times" || key == "after" || key == "wait") {
    const auto number = parse_number<int>(value);
    if (!number || *number < 0) return Error{Errc::bad_input, cat("no count: ", harmless(value))};
    (key == "times" ? order.times : key == "after" ? order.after : order.wait) = *number;
  } else if (key == "reused") {
    order.reused = value == "true" || value == "1";
  } else if (key == "match") {
    order.match = value;
  } else {
    return Error{Errc::bad_input, cat("unknown option of a misbehaviour: ", harmless(key))};
  }
  return {};
}

}  // namespace

std::string_view name_of(DeskCall call) { return call_names[static_cast<std::size_t>(call)]; }

bool is_lie_of_search(std::string_view mode) { return mode == "wrong-correlation-id" || mode == "all-rows"; }

const std::vector<std::string_view>& modes() {
  static const std::vector<std::string_view> names{"store-then-hang",
                                                   "store-then-reset",
                                                   "store-then-500",
                                                   "store-then-502",
                                                   "store-then-302",
                                                   "store-then-200-html",
                                                   "store-then-100-continue",
                                                   "store-then-drip",
                                                   "store-then-close",
                                                   "close",
                                                   "wrong-correlation-id",
                                                   "all-rows",
                                                   "waf-403-html",
                                                   "401",
                                                   "403",
                                                   "404",
                                                   "413",
                                                   "415",
                                                   "429",
                                                   "503",
                                                   "hang",
                                                   "reset",
                                                   "drip",
                                                   "endless-header",
                                                   "endless-body"};
  return names;
}

Result<Misbehaviour> checked(Misbehaviour order) {
  if (std::find(modes().begin(), modes().end(), order.mode) == modes().end())
    return Error{Errc::bad_input, cat("unknown misbehaviour: ", harmless(order.mode))};
  if (order.on == "any" && order.mode.starts_with("store-then")) order.on = "write";
  if (order.on == "any" && is_lie_of_search(order.mode)) order.on = "find";
  const bool known = order.on == "any" || order.on == "write" ||
                     std::find(std::begin(call_names), std::end(call_names), order.on) != std::end(call_names);
  if (!known) return Error{Errc::bad_input, cat("unknown kind of call: ", harmless(order.on))};
  order.left = order.times == 0 ? Misbehaviour::for_ever : order.times;
  return order;
}

Result<Misbehaviour> parse_misbehaviour(std::string_view text) {
  Misbehaviour order;
  const std::size_t colon = text.find(':');
  order.mode = text.substr(0, colon);
  if (is_lie_of_search(order.mode) || order.mode == "waf-403-html") order.times = 0;
  if (colon != std::string_view::npos)
    for (const std::string_view option : split(text.substr(colon + 1), ",")) {
      const std::size_t equals = option.find('=');
      if (equals == std::string_view::npos) return Error{Errc::bad_input, "an option of a misbehaviour has no value"};
      if (const auto read = read_option(option.substr(0, equals), option.substr(equals + 1), order); !read)
        return read.error();
    }
  return checked(std::move(order));
}

std::optional<Misbehaviour> Misbehaviours::meet(DeskCall call, bool reused, std::string_view body) {
  for (Misbehaviour& order : orders_) {
    if (order.left == 0 || !concerns(order, call, reused, body)) continue;
    if (order.after > 0) {
      --order.after;
      continue;
    }
    if (order.left > 0) --order.left;
    return order;
  }
  return std::nullopt;
}

}  // namespace exhibit::sim
