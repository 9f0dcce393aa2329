#include "runtime/adapter_paths.h"

#include <dlfcn.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/text.h"

namespace exhibit {
namespace {

namespace fs = std::filesystem;

/// The folder of the file that holds this code: the library, or a test that links it.
fs::path own_folder() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&find_adapter), &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code error;
  const fs::path file = fs::canonical(info.dli_fname, error);
  return error ? fs::path(info.dli_fname).parent_path() : file.parent_path();
}

/// PREFIX/lib, PREFIX/lib/TRIPLET and PREFIX/bin are at most three steps below their prefix.
Result<std::string> search(const std::vector<fs::path>& below_prefix) {
  fs::path root = own_folder();
  for (int step = 0; step < 4; ++step) {
    for (const fs::path& candidate : below_prefix) {
      std::error_code error;
      if (fs::is_regular_file(root / candidate, error)) return (root / candidate).string();
    }
    root = root.parent_path();
  }
  return Error{Errc::not_found,
               cat("cannot find ", below_prefix.front().filename().string(), " beside ", own_folder().string())};
}

/// A name from the configuration must not lead to another folder.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
}

}  // namespace

Result<AdapterPaths> find_adapter(const std::string& runner, const std::string& adapter, const std::string& profile) {
  if (!is_plain_name(adapter) || !(profile.empty() || is_plain_name(profile)))
    return Error{Errc::bad_input, "the names of an adapter and of a profile are small letters, digits, - and _"};
  AdapterPaths paths{.runner = runner, .module = {}, .profile = {}};
  if (runner.empty()) {
    const Result<std::string> found = search({"bin/exhibit-adapter-runner", "libexec/exhibit/exhibit-adapter-runner"});
    if (!found) return found.error();
    paths.runner = *found;
  }
  const std::string module = cat("libexhibit-adapter-", adapter, ".so");
  const Result<std::string> found =
      search({module, fs::path("exhibit") / module, fs::path("lib") / module, fs::path("lib/exhibit") / module});
  if (!found) return found.error();
  paths.module = *found;
  if (!profile.empty()) {
    const Result<std::string> document = search({fs::path("share/exhibit/profiles") / cat(profile, ".json")});
    if (!document) return document.error();
    paths.profile = *document;
  }
  return paths;
}

Result<std::string> read_profile(const AdapterPaths& paths) {
  if (paths.profile.empty()) return std::string();
  std::ifstream file(paths.profile, std::ios::binary);
  if (!file) return Error{Errc::not_found, cat("cannot read ", paths.profile)};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace exhibit
