#pragma once

#include <sqlite3.h>

#include "base/result.h"
#include "store/store.h"

namespace exhibit {

/// What Store::sweep does, but for the ledger, inside a transaction of the caller's.
Result<Swept> swept_in_transaction(sqlite3* database, const SweepStep& step);

}  // namespace exhibit
