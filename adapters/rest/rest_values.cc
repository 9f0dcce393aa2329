#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/rest/neutralise.h"
#include "adapters/rest/rest_request.h"
#include "adapters/rest/rest_text.h"
#include "adapters/rest/rest_value.h"
#include "base/base64.h"
#include "base/sha256.h"
#include "base/text.h"

namespace exhibit::rest {
namespace {

constexpr std::string_view cut_title = " [cut]";
constexpr std::string_view cut_text = "\n[cut here: the desk takes no longer text; all of it is at the link]";

std::string value_at(const Values& values, std::string_view name) {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

/// Markup makes a text longer, so it may have to be cut shorter than the limit to fit.
std::string fitted(const Values& values, std::string_view text, std::string_view end, std::size_t limit,
                   Layout layout) {
  const TextFormat format = text_format(value_at(values, "text_format"));
  const std::string link = value_at(values, "link");
  std::size_t room = limit == 0 ? 0 : limit - std::min(limit - 1, code_points(end));
  for (;;) {
    std::string made = rendered(cat(cut_with_word(text, room, cut_text), end), format, layout, link);
    const std::size_t length = code_points(made);
    if (limit == 0 || length <= limit || room <= code_points(cut_text)) return made;
    room -= std::min(room, std::max<std::size_t>(length - limit, 16));
  }
}

void add_note(const Profile& profile, const Json& body, Values& values) {
  const auto text = values.find("text");
  if (text == values.end()) return;
  const auto said = body.find("public");
  const bool is_public = said != body.end() && said->is_boolean() && said->get<bool>();
  const std::string_view first = std::string_view(text->second).substr(0, text->second.find('\n'));
  values["headline"] = cut_with_word(filled("{x|line}", {{"x", std::string(first)}}), profile.limits.title, cut_title);
  values["audience"] = is_public ? "public" : "internal";
  const std::string marker = profile.note_marker.empty() ? "" : cat("\n", filled(profile.note_marker, values));
  values["note"] = values[is_public ? "public_note" : "internal_note"] =
      fitted(values, text->second, marker, profile.limits.note, Layout::columns);
}

void add_texts(const Profile& profile, Values& values) {
  if (const auto title = values.find("title"); title != values.end())
    title->second = cut_with_word(filled("{title|line}", values), profile.limits.title, cut_title);
  const auto render = [&](const char* name, std::size_t limit, Layout layout) {
    if (const auto text = values.find(name); text != values.end())
      values[name] = fitted(values, text->second, {}, limit, layout);
  };
  render("public_text", profile.limits.public_text, Layout::prose);
  render("internal_text", profile.limits.internal_text, Layout::columns);
}

void add_body(const Profile& profile, const Json& body, Values& values) {
  Values said;
  for (const auto& [name, value] : body.items())
    if (name == "incident")
      add_scalars(said, "incident", value);
    else if (std::string text = scalar_text(value); !text.empty())
      said[name] = std::move(text);
  for (auto& [name, text] : said) values[name] = neutralised(text, profile.neutralise);
}

void add_maps(const Dialect& dialect, Values& values) {
  for (const auto& [name, map] : dialect.maps) {
    const auto of = values.find(map.of);
    const auto value = of == values.end() ? map.values.end() : map.values.find(of->second);
    values[name] = filled(value == map.values.end() ? map.other : value->second, values);
  }
}

}  // namespace

std::string mark_of(std::string_view op_id) {
  const Digest digest = sha256(op_id);
  return cat(mark_begin, encode_base32(ByteView(digest).first(10)));
}

std::string marked_name(std::string_view name, std::string_view sha256) {
  const std::string_view hash = sha256.substr(0, 12);
  if (hash.empty() || name.find(hash) != std::string_view::npos) return std::string(name);
  const std::size_t dot = std::min(name.rfind('.'), name.size());
  return cat(name.substr(0, dot), "-", hash, name.substr(dot));
}

Prepared prepare(const Profile& profile, const LinkText& link, const OpText& op) {
  const Json body = object_of(op.body_json);
  Json map = object_of(link.map_json);
  if (const auto fields = body.find("fields"); fields != body.end() && fields->is_object()) map.update(*fields);
  const Dialect dialect = dialect_of(profile, map);
  Values values = dialect.values;
  values.try_emplace("text_format", profile.text_format);
  if (values["text_format"].empty()) values["text_format"] = profile.text_format;
  add_body(profile, body, values);
  values["base"] = link.base;
  values["correlation_id"] = op.correlation_id;
  values["ticket"] = op.ticket;
  values["mark"] = mark_of(op.op_id);
  values["name"] = op.name;
  values["marked_name"] = marked_name(op.name, op.sha256);
  values["mime"] = op.mime;
  values["sha256"] = op.sha256;
  values["bytes"] = std::to_string(op.bytes);
  add_note(profile, body, values);
  add_texts(profile, values);
  add_maps(dialect, values);
  if (dialect.fields_json != "{}") values["has_fields"] = "true";
  for (const auto& [name, value] : link.auth) values[cat("auth.", name)] = value;
  return {std::move(values), dialect.fields_json};
}

}  // namespace exhibit::rest
