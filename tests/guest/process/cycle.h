#pragma once

#include <string>
#include <vector>

/// One life of the plugin in its host: load, create, start, work, stop, close.
namespace exhibit::guest {

struct World {
  std::string library, state, sensor, pin, desk, capture;
};

struct CycleEnd {
  long stop_ms = 0;
  std::string decoded;  ///< What the plugin says of the capture: the same in every locale.
  std::vector<std::string> complaints = {};
};

/// Each number ends in another state of the plugin's: with work done, at once, while the sensor is silent, while a desk
/// is, while the host itself takes its time or throws.
CycleEnd one_cycle(const World& world, int number);
inline constexpr int kinds_of_cycle = 9;

/// Without any configuration.
CycleEnd bare_cycle(const World& world);

}  // namespace exhibit::guest
