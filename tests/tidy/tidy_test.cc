#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

/// The house rules as tests: which layer may see which, what pure layers may not hold, how long files and functions
/// are. The numbers only go down.
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_lines_max = 500;
constexpr std::size_t function_lines_max = 70;

struct Source {
  std::string path;  ///< From the root of the repository.
  std::vector<std::string> lines;
};

std::vector<Source> sources() {
  std::vector<Source> all;
  const fs::path root = EXHIBIT_SOURCE_DIR;
  for (const char* folder : {"plugin", "sensorproto", "adapters", "tests", "bench"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".cc" && extension != ".h" && extension != ".c" && extension != ".hpp") continue;
      Source source{fs::relative(entry.path(), root).string(), {}};
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) source.lines.push_back(line);
      all.push_back(std::move(source));
    }
  }
  std::sort(all.begin(), all.end(), [](const Source& a, const Source& b) { return a.path < b.path; });
  return all;
}

/// The layer of a file or of an include, by its first folders.
std::string layer_of(const std::string& path) {
  static const std::regex plugin(
      R"(^(?:plugin/)?(base|packet|incident|engine|config|store|evidence|runtime|web|abi|host|runner)/.*)");
  std::smatch found;
  if (path.starts_with("sensorproto/sim/") || path.starts_with("adapters/sim/")) return "sim";
  if (path.starts_with("sensorproto/")) return "sensorproto";
  if (path.starts_with("adapters/")) return "adapters";
  if (path.starts_with("exhibit/") || path.starts_with("plugin/include/")) return "public";
  if (std::regex_match(path, found, plugin)) return found[1];
  return "";
}

/// Each layer sees what stands to its left.
const std::vector<std::string> order = {"base",  "packet",   "sensorproto", "incident", "engine", "config",
                                        "store", "evidence", "runtime",     "web",      "abi"};

bool may_see(const std::string& layer, const std::string& other) {
  if (layer == other || other.empty() || other == "public") return true;
  if (layer == "runner" || layer == "adapters") return other == "base" || other == "runner" || other == "adapters";
  if (layer == "host" || layer == "public") return false;
  if (layer == "sim") return other == "base" || other == "packet" || other == "sensorproto";
  const auto mine = std::find(order.begin(), order.end(), layer), theirs = std::find(order.begin(), order.end(), other);
  return mine != order.end() && theirs != order.end() && theirs < mine;
}

bool is_pure(const std::string& path) {
  static const std::set<std::string> pure = {"base", "packet", "sensorproto", "incident", "engine", "config"};
  return pure.contains(layer_of(path)) && !path.starts_with("tests/");
}

TEST(Tidy, ALayerIncludesOnlyWhatStandsToItsLeft) {
  const std::regex include(R"re(^#include ["<]([a-z_]+/[^">]+)[">].*)re");
  for (const Source& source : sources()) {
    const std::string layer = source.path.starts_with("tests/") ? "" : layer_of(source.path);
    if (layer.empty()) continue;
    for (const std::string& line : source.lines) {
      std::smatch found;
      if (!std::regex_match(line, found, include)) continue;
      EXPECT_TRUE(may_see(layer, layer_of(found[1]))) << source.path << " includes " << found[1];
    }
  }
}

TEST(Tidy, PureLayersDoNoInputOrOutputStartNoThreadReadNoClockRollNoDice) {
  const std::regex banned(
      R"(#include <(thread|mutex|fstream|iostream|filesystem|random|ctime|atomic|future|condition_variable|unistd\.h|sys/.*|boost/asio.*|cpprest.*|sqlite3.*|curl.*)>|(system_clock|steady_clock)::now|random_device|\brand\(|getenv\(|\bfopen\(|std::cout|std::cerr|\bprintf\()");
  for (const Source& source : sources()) {
    if (!is_pure(source.path)) continue;
    for (std::size_t i = 0; i < source.lines.size(); ++i)
      EXPECT_FALSE(std::regex_search(source.lines[i], banned))
          << source.path << ":" << i + 1 << ": " << source.lines[i];
  }
}

TEST(Tidy, TheLibraryKeepsTheMannersOfAGuest) {
  const std::regex banned(
      R"(\b(abort|_exit|quick_exit|setlocale|uselocale|umask|chdir|setenv|putenv|srand|tzset|atexit|strcpy|strcat|sprintf|gets|popen|fork|vfork|sigaction)\s*\(|::(system|signal)\()");
  for (const Source& source : sources()) {
    const std::string layer = layer_of(source.path);
    if (source.path.starts_with("tests/") || layer == "host" || layer == "sim" || layer == "runner" || layer.empty())
      continue;
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      const std::string code = source.lines[i].substr(0, source.lines[i].find("//"));
      EXPECT_FALSE(std::regex_search(code, banned)) << source.path << ":" << i + 1 << ": " << source.lines[i];
    }
  }
}

TEST(Tidy, OnlyOneFileKnowsEachHeavyLibrary) {
  const std::map<std::string, std::vector<std::string>> homes = {{"cpprest/", {"plugin/runner/desk_http.cc"}},
                                                                 {"curl/", {"adapters/email/mail_connection.cc"}},
                                                                 {"pugixml.hpp", {}},
                                                                 {"valijson/", {"plugin/config/schema.cc"}},
                                                                 {"yaml-cpp/", {"plugin/config/yaml.cc"}},
                                                                 {"cctz/", {"plugin/incident/zone.cc"}}};
  for (const Source& source : sources()) {
    if (source.path.starts_with("tests/") || source.path.starts_with("bench/")) continue;
    for (const std::string& line : source.lines)
      for (const auto& [library, files] : homes) {
        if (!line.starts_with("#include <" + library)) continue;
        EXPECT_THAT(files, testing::Contains(source.path)) << line;
      }
  }
}

TEST(Tidy, FilesFitAnEvening) {
  std::size_t total = 0, within = 0;
  for (const Source& source : sources()) {
    EXPECT_LE(source.lines.size(), file_lines_max) << source.path;
    ++total;
    within += source.lines.size() <= 350 ? 1 : 0;
  }
  EXPECT_GE(within * 10, total * 9) << within << " of " << total << " files have at most 350 lines";
}

/// A function is what stands between a line that ends in "{" after a ")" and the "}" at the same depth.
TEST(Tidy, FunctionsFitAScreen) {
  const std::regex opens(R"(^( *)[A-Za-z~\[].*\)(?: const| noexcept| override| final| mutable| ->.*)*(?: *:.*)? \{$)");
  const std::regex is_block(R"(^ *(?:if|for|while|switch|else|try|catch|namespace|struct|class|do)\b.*)");
  std::size_t total = 0, short_ones = 0;
  for (const Source& source : sources())
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      std::smatch found;
      if (!std::regex_match(source.lines[i], found, opens) || std::regex_match(source.lines[i], is_block)) continue;
      // By the body's indent, since the line may be the last of a signature over several.
      const std::size_t body = i + 1 < source.lines.size() ? source.lines[i + 1].find_first_not_of(' ') : 0;
      if (body == std::string::npos || body < 2) continue;
      const std::string end = std::string(body - 2, ' ') + "}";
      std::size_t last = i + 1;
      while (last < source.lines.size() && !source.lines[last].starts_with(end)) ++last;
      const std::size_t length = last - i + 1;
      EXPECT_LE(length, function_lines_max) << source.path << ":" << i + 1;
      ++total;
      short_ones += length <= 30 ? 1 : 0;
    }
  EXPECT_GT(total, 500U);
  EXPECT_GE(short_ones * 10, total * 9) << short_ones << " of " << total << " functions have at most 30 lines";
}

TEST(Tidy, NothingIsLeftOpenAndNoMachineIsNamed) {
  const std::string open_word = std::string("TO") + "DO", fix_word = std::string("FIX") + "ME";
  for (const Source& source : sources())
    for (std::size_t i = 0; i < source.lines.size(); ++i)
      for (const std::string& word : {open_word, fix_word, std::string("/wo") + "rk/"})
        EXPECT_EQ(source.lines[i].find(word), std::string::npos)
            << source.path << ":" << i + 1 << ": " << source.lines[i];
}

TEST(Tidy, NoTestSleepsOrIsSwitchedOff) {
  const std::string disabled = std::string("DISABLED") + "_";
  for (const Source& source : sources()) {
    if (!source.path.starts_with("tests/") || source.path.find("tidy") != std::string::npos) continue;
    for (std::size_t i = 0; i < source.lines.size(); ++i)
      EXPECT_EQ(source.lines[i].find(disabled), std::string::npos) << source.path << ":" << i + 1;
  }
}

}  // namespace
