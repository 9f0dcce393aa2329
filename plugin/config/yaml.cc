#include "config/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace exhibit {
namespace {

constexpr std::size_t text_max = 1U << 20;
constexpr int depth_max = 32;
constexpr int nodes_max = 50'000;

std::string pointer_part(std::string_view key) { return replace_all(replace_all(key, "~", "~0"), "/", "~1"); }

Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // Quoted.
  if (text.empty() || text == "~" || text == "null") return nullptr;
  if (text == "true" || text == "false") return text == "true";
  if (const auto number = parse_number<std::int64_t>(text)) return *number;
  return text;
}

class Reader {
 public:
  Reader(YamlDocument& document, std::vector<Mistake>& mistakes) : document_(document), mistakes_(mistakes) {}

  Json read(const YAML::Node& node, const std::string& pointer, int depth) {
    const Place place{node.Mark().line + 1, node.Mark().column + 1};
    document_.places.emplace(pointer, place);
    if (++nodes_ > nodes_max || depth > depth_max) {
      if (!overflowed_)
        mistakes_.push_back({place.line, place.column, pointer, "the text is too large or too deep", ""});
      overflowed_ = true;
      return nullptr;
    }
    if (node.IsScalar()) return scalar(node);
    if (node.IsSequence()) return sequence(node, pointer, depth);
    if (node.IsMap()) return mapping(node, pointer, depth);
    return nullptr;
  }

 private:
  Json sequence(const YAML::Node& node, const std::string& pointer, int depth) {
    Json list = Json::array();
    for (std::size_t i = 0; i < node.size() && !overflowed_; ++i)
      list.push_back(read(node[i], cat(pointer, "/", i), depth + 1));
    return list;
  }

  Json mapping(const YAML::Node& node, const std::string& pointer, int depth) {
    Json object = Json::object();
    for (const auto& entry : node) {
      if (overflowed_) break;
      const Place place{entry.first.Mark().line + 1, entry.first.Mark().column + 1};
      if (!entry.first.IsScalar()) {
        mistakes_.push_back({place.line, place.column, pointer, "a key must be a text", ""});
        continue;
      }
      const std::string& key = entry.first.Scalar();
      const std::string below = cat(pointer, "/", pointer_part(key));
      if (object.contains(key)) {
        mistakes_.push_back({place.line, place.column, below, "this key is given twice", "keep one of them"});
        continue;
      }
      object[key] = read(entry.second, below, depth + 1);
      document_.places.insert_or_assign(below + "#key", place);
    }
    return object;
  }

  YamlDocument& document_;
  std::vector<Mistake>& mistakes_;
  int nodes_ = 0;
  bool overflowed_ = false;
};

/// The line that is no UTF-8, from 1; 0: none. What JSON cannot hold must not come further.
int ill_formed_line(std::string_view text) {
  if (is_utf8(text)) return 0;
  int line = 1;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos && is_utf8(text.substr(0, end)); ++line) {
    text.remove_prefix(end + 1);
    end = text.find('\n');
  }
  return line;
}

}  // namespace

Result<YamlDocument> read_yaml(std::string_view text, std::vector<Mistake>& mistakes) {
  if (text.size() > text_max) return Error{Errc::too_large, "the configuration is larger than 1 MiB"};
  if (const int line = ill_formed_line(text); line != 0) {
    mistakes.push_back({line, 1, "", "this line is not UTF-8", "save the file as UTF-8"});
    return Error{Errc::bad_input, "the text is not UTF-8"};
  }
  YamlDocument document;
  document.json_ = std::make_shared<Json>();
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    *document.json_ = Reader(document, mistakes).read(root, "", 0);
    return document;
  } catch (const YAML::Exception& error) {
    mistakes.push_back({error.mark.line + 1, error.mark.column + 1, "", cat("not YAML: ", error.msg),
                        "look at the indentation and the quotes here"});
    return Error{Errc::bad_input, "the text is not YAML"};
  }
}

std::string mistake_text(std::string_view file, const Mistake& mistake) {
  std::string text = cat(file);
  if (mistake.line > 0) text += cat(":", mistake.line, ":", mistake.column);
  text += cat(": ", mistake.where.empty() ? "" : mistake.where + ": ", mistake.what);
  return mistake.hint.empty() ? text : cat(text, " (", mistake.hint, ")");
}

bool any_mistake(const std::vector<Mistake>& mistakes) {
  return std::any_of(mistakes.begin(), mistakes.end(), [](const Mistake& mistake) { return !mistake.warning; });
}

std::string mistakes_json(const std::vector<Mistake>& mistakes) {
  JsonWriter out;
  out.array();
  for (const Mistake& mistake : mistakes)
    out.object()
        .member("line", mistake.line)
        .member("column", mistake.column)
        .member("where", mistake.where)
        .member("what", mistake.what)
        .text_or_null("hint", mistake.hint)
        .member("warning", mistake.warning)
        .end();
  return out.end().take();
}

}  // namespace exhibit
