#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "host/plugin_library.h"
#include "host/verbs.h"

namespace exhibit::host {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t drain_ms = 3000;

std::vector<std::string> tenant_files(const ServeOptions& options) {
  const fs::path folder =
      options.tenants.empty() ? fs::path(options.config).parent_path() / "tenants" : fs::path(options.tenants);
  std::vector<std::string> files;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  if (failed) throw Failure(folder.string() + ": " + failed.message(), 2);
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int serve(const ServeOptions& options) {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&ends, signal);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // Before any thread is made, so that all inherit it.
  ::signal(SIGPIPE, SIG_IGN);

  EngineHandle engine(options.config, read_text(options.config));
  std::size_t served = 0;
  for (const std::string& file : tenant_files(options)) {
    try {
      engine.put_tenant(file, read_text(file));
      ++served;
    } catch (const Failure& failure) {
      std::fprintf(stderr, "%s", failure.what());  // A bad file stops only its own tenant.
    }
  }
  if (served == 0) throw Failure("no customer can be served: see above, or put NAME.yaml into the folder tenants", 2);
  std::fprintf(stderr, "%s", engine.warnings().c_str());
  engine.start();
  int signal = 0;
  sigwait(&ends, &signal);
  engine.drain(drain_ms);
  engine.stop();
  return 0;
}

int check(const ServeOptions& options) {
  std::string mistakes;
  const EngineHandle* checked = nullptr;
  try {
    EngineHandle engine(options.config, read_text(options.config));
    checked = &engine;
    for (const std::string& file : tenant_files(options)) mistakes += engine.check_tenant(file, read_text(file));
    std::fprintf(stderr, "%s", engine.warnings().c_str());
  } catch (const Failure& failure) {
    if (!checked)
      mistakes = failure.what();
    else
      throw;
  }
  if (mistakes.empty()) {
    std::printf("%s: no mistakes\n", options.config.c_str());
    return 0;
  }
  std::fprintf(stderr, "%s%s", mistakes.c_str(), mistakes.ends_with('\n') ? "" : "\n");
  return 2;
}

}  // namespace exhibit::host
