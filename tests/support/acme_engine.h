#pragma once

#include "engine/tenant_engine.h"

namespace exhibit::test {

inline const SensorId sensor{"acme-ips1"};

/// The tenant of the engine's tests, with one sensor and every default.
inline EngineSettings acme_engine(const SensorId& its_sensor) {
  EngineSettings settings;
  settings.tenant = {"acme"};
  settings.tenant_name = "ACME";
  settings.public_url = "https://ev.example";
  settings.link_key = Bytes(32, 7);
  settings.sensors[its_sensor] = {};
  return settings;
}

}  // namespace exhibit::test
