#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace exhibit::sim {

/// What a request to the desk wants.
enum class DeskCall { create, note, update, attach, find };
std::string_view name_of(DeskCall call);
/// The answer to a search is made up.
bool is_lie_of_search(std::string_view mode);

/// One fault that was ordered: which, for which calls, how often.
struct Misbehaviour {
  static constexpr int for_ever = -1;

  std::string mode = {};   ///< One of modes().
  std::string on = "any";  ///< create note update attach find any; "write" is all but find.
  int times = 1;           ///< 0 = for ever.
  int after = 0;           ///< That many calls pass first.
  bool reused = false;     ///< Only on a connection that already carried a request.
  std::string match = {};  ///< Only when the body holds this text.
  int wait = 2;            ///< 429: the seconds that Retry-After names.
  int left = 1;
};

/// The names a fault may have.
const std::vector<std::string_view>& modes();

/// "MODE" or "MODE:key=value,key=value" with the keys on, times, after, reused, match and wait.
Result<Misbehaviour> parse_misbehaviour(std::string_view text);
/// Fills in what is not said and checks the rest.
Result<Misbehaviour> checked(Misbehaviour order);

/// The ordered faults that are not used up. Not thread-safe.
class Misbehaviours {
 public:
  void add(Misbehaviour order) { orders_.push_back(std::move(order)); }
  /// The first fault that this call meets, counted as used.
  std::optional<Misbehaviour> meet(DeskCall call, bool reused, std::string_view body);

 private:
  std::vector<Misbehaviour> orders_;
};

}  // namespace exhibit::sim
