#pragma once

#include <sqlite3.h>

#include "base/result.h"

namespace exhibit {

/// The schema version that this program writes.
inline constexpr int schema_version = 4;

/// Brings the database to version `to`, one transaction a step. unsupported: it is newer than this program, with
/// both numbers.
Result<void> migrate(sqlite3* database, int to = schema_version);

}  // namespace exhibit
