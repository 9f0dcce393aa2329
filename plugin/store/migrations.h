#pragma once

#include <sqlite3.h>

#include "base/result.h"

namespace exhibit {

/// The schema version that this program writes.
inline constexpr int schema_version = 6;
/// The last one whose pages have no sums of their own.
inline constexpr int schema_version_without_sums = 4;

/// Brings the database to version `to`, one transaction a step. unsupported: it is newer than this program, with
/// both numbers.
Result<void> migrate(sqlite3* database, int to = schema_version);

}  // namespace exhibit
