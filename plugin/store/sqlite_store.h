#pragma once

#include <memory>
#include <string>

#include "store/sqlite.h"
#include "store/store.h"

namespace exhibit {

/// The store over an open database of the current version.
std::unique_ptr<Store> make_sqlite_store(sqlite::Database database, const std::string& path);

}  // namespace exhibit
