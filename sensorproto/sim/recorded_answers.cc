#include "sensorproto/sim/recorded_answers.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "sensorproto/sim/event_xml.h"

namespace exhibit::sim {
namespace {

/// Where the root element starts: behind declaration, comments and blanks.
std::size_t root_at(std::string_view document) {
  std::size_t at = 0;
  while ((at = document.find('<', at)) != std::string_view::npos) {
    const std::string_view rest = document.substr(at);
    if (!rest.starts_with("<?") && !rest.starts_with("<!")) return at;
    const std::string_view end = rest.starts_with("<!--") ? "-->" : ">";
    at = document.find(end, at);
  }
  return document.size();
}

std::string_view local_name(std::string_view element) {
  element.remove_prefix(1);
  const std::string_view name = element.substr(0, element.find_first_of(" \t\r\n/>"));
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

std::string as_answer(std::string_view document) {
  const std::size_t root = root_at(document);
  if (root == document.size() || !local_name(document.substr(root)).starts_with("ev")) return std::string(document);
  return envelope({.session = std::string(32, '0'), .remaining = std::nullopt},
                  cat("<sd:events>", document.substr(root), "</sd:events>"));
}

Result<RecordedAnswers> RecordedAnswers::read(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".xml") files.push_back(entry.path());
  if (error || files.empty()) return Error{Errc::not_found, cat("no *.xml file in ", folder)};
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.native() < b.native(); });
  std::vector<std::string> documents;
  for (const auto& file : files) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    documents.push_back(as_answer(text.str()));
  }
  return RecordedAnswers(std::move(documents));
}

std::string RecordedAnswers::next(bool confirm) {
  if (!confirm) return next_ == 0 ? next(true) : documents_[std::min(next_, documents_.size()) - 1];
  acknowledged_ = next_;
  return any_left() ? documents_[next_++] : std::string();
}

}  // namespace exhibit::sim
