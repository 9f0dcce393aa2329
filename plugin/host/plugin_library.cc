#include "host/plugin_library.h"

#include <dlfcn.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace exhibit::host {
namespace {

spdlog::logger& logger() {
  static const auto made = [] {
    auto log = spdlog::stderr_logger_mt("exhibit");
    log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    return log;
  }();
  return *made;
}

void take_log(void*, int32_t level, exh_str tenant, exh_str component, exh_str message) {
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                  spdlog::level::err};
  const std::string_view who = tenant.len > 0 ? view(tenant) : std::string_view("-");
  logger().log(levels[level < 0 || level > 3 ? 3 : level], "[{} {}] {}", who, view(component), view(message));
}

/// {host: NAME}: a file NAME in the folder that systemd gave for credentials.
exh_rc find_secret(void*, exh_str, exh_str name, exh_sink out) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  const std::string file_name(view(name));
  if (!folder || file_name.find('/') != std::string::npos) return EXH_REJECTED;
  std::ifstream file(std::filesystem::path(folder) / file_name, std::ios::binary);
  if (!file) return EXH_REJECTED;
  std::string value((std::istreambuf_iterator<char>(file)), {});
  while (value.ends_with('\n')) value.pop_back();
  return out.put && out.put(out.ctx, value.data(), value.size()) == 0 ? EXH_OK : EXH_REJECTED;
}

const exh_host& host_table() {
  static const exh_host table = {sizeof(exh_host),
                                 EXH_PLUGIN_ABI_MAJOR,
                                 EXH_PLUGIN_ABI_MINOR,
                                 0,
                                 nullptr,
                                 borrow("exhibit"),
                                 borrow(EXHIBIT_VERSION),
                                 take_log,
                                 find_secret,
                                 nullptr};
  return table;
}

}  // namespace

exh_sink Collected::sink() {
  return {&text, [](void* ctx, const char* bytes, size_t count) -> int32_t {
            static_cast<std::string*>(ctx)->append(bytes, count);
            return 0;
          }};
}

std::string program_folder() { return std::filesystem::read_symlink("/proc/self/exe").parent_path().string(); }

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Failure(path + " cannot be read", 2);
  return {std::istreambuf_iterator<char>(file), {}};
}

void set_quiet(bool quiet) { logger().set_level(quiet ? spdlog::level::warn : spdlog::level::info); }

const exh_plugin& plugin_library() {
  static const exh_plugin* const table = [] {
    const std::string path = (std::filesystem::path(program_folder()).parent_path() / "lib" / "libexhibit.so").string();
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw Failure(std::string("the plugin cannot be loaded: ") + ::dlerror());
    using Entry = const exh_plugin* (*)(std::uint32_t, std::uint32_t);
    const auto entry = reinterpret_cast<Entry>(::dlsym(library, "exhibit_plugin_entry"));
    const exh_plugin* found = entry ? entry(EXH_PLUGIN_ABI_MAJOR, EXH_PLUGIN_ABI_MINOR) : nullptr;
    if (!found) throw Failure(path + " is no plugin for interface version " + std::to_string(EXH_PLUGIN_ABI_MAJOR));
    return found;
  }();
  return *table;
}

std::string mistakes_text(const std::string& file, const std::string& report) {
  const nlohmann::json json = nlohmann::json::parse(report, nullptr, false);
  if (!json.is_array()) return report;
  std::string text;
  for (const auto& entry : json) {
    text += file;
    if (entry.value("line", 0) > 0)
      text += ":" + std::to_string(entry.value("line", 0)) + ":" + std::to_string(entry.value("column", 0));
    text += entry.value("warning", false) ? ": warning: " : ": ";
    if (const std::string where = entry.value("where", ""); !where.empty()) text += where + ": ";
    text += entry.value("what", "");
    if (entry.contains("hint") && entry["hint"].is_string()) text += " (" + entry["hint"].get<std::string>() + ")";
    text += "\n";
  }
  return text;
}

EngineHandle::EngineHandle(const std::string& file, const std::string& config) {
  Collected report;
  if (plugin_library().create(&host_table(), borrow(config), report.sink(), &engine_) != EXH_OK)
    throw Failure(mistakes_text(file, report.text), 2);
  warnings_ = mistakes_text(file, report.text);
}

EngineHandle::~EngineHandle() { plugin_library().destroy(engine_); }

void EngineHandle::put_tenant(const std::string& file, const std::string& config) {
  Collected report;
  if (plugin_library().tenant_put(engine_, borrow(config), ++generation_, report.sink()) != EXH_OK)
    throw Failure(mistakes_text(file, report.text), 2);
  if (!report.text.empty()) warnings_ += mistakes_text(file, report.text);
}

std::string EngineHandle::check_tenant(const std::string& file, const std::string& config) {
  Collected report;
  if (plugin_library().tenant_check(engine_, borrow(config), report.sink()) != EXH_OK)
    return mistakes_text(file, report.text);
  warnings_ += mistakes_text(file, report.text);
  return {};
}

void EngineHandle::start() {
  Collected report;
  if (plugin_library().start(engine_, report.sink()) != EXH_OK) throw Failure(mistakes_text("start", report.text));
}

void EngineHandle::drain(std::uint32_t budget_ms) { (void)plugin_library().drain(engine_, budget_ms); }
void EngineHandle::stop() { (void)plugin_library().stop(engine_); }

std::string EngineHandle::health() {
  Collected json;
  (void)plugin_library().health(engine_, json.sink());
  return json.text;
}

std::string EngineHandle::command(const std::string& tenant, const std::string& verb, const std::string& args) {
  Collected reply;
  if (plugin_library().command(engine_, borrow(tenant), borrow(verb), borrow(args), reply.sink()) != EXH_OK)
    throw Failure(verb + ": " + reply.text);
  return reply.text;
}

}  // namespace exhibit::host
