#include "adapters/rest/rest_preview.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "exhibit/adapter.h"

namespace exhibit::rest {
namespace {

constexpr std::string_view ticket_place = "{ticket}";

std::vector<std::string_view> lists_of(const Profile& profile, std::uint32_t kind) {
  switch (kind) {
    case EXH_OP_ENSURE:
      return profile.internal_as_note ? std::vector<std::string_view>{"find", "create", "note"}
                                      : std::vector<std::string_view>{"find", "create"};
    case EXH_OP_LINK: return {profile.find("link") != nullptr ? "link" : "note"};
    case EXH_OP_NOTE: return {"note"};
    case EXH_OP_ATTACH: return {"attach"};
    case EXH_OP_STATE: return {"state"};
    default: return {};
  }
}

/// Where the desk takes the internal text only as a note, that note.
OpText as_note(OpText op) {
  const Result<Json> body = parse_json(op.body_json);
  const Json none = Json::object();
  const Json& object = body && body->is_object() ? *body : none;
  JsonWriter note;
  note.object().member("text", text_at(object, "internal_text")).member("public", false);
  note.key("fields").raw(object.value("fields", none).dump()).end();
  op.body_json = note.take();
  return op;
}

/// The evidence itself is not shown: its name and its hash say which it is.
std::string body_of(const HttpRequest& request, const OpText& op) {
  if (request.evidence == EvidenceAs::none) return request.body;
  return cat(request.body, "(", op.bytes, " bytes of ", op.name, ", sha256 ", op.sha256, ")", request.tail);
}

}  // namespace

std::string preview_json(const Profile& profile, const LinkText& link, std::uint32_t kind, const OpText& op) {
  OpText shown = op;
  if (shown.ticket.empty()) shown.ticket = ticket_place;
  LinkText without_secrets = link;
  for (auto& [name, value] : without_secrets.auth) value = "[secret]";
  const Prepared whole = prepare(profile, without_secrets, shown);
  JsonWriter out;
  out.array();
  for (const std::string_view name : lists_of(profile, kind)) {
    const Operation* const list = profile.find(name);
    if (list == nullptr) continue;
    const bool second = kind == EXH_OP_ENSURE && name == "note";
    const Prepared ready = second ? prepare(profile, without_secrets, as_note(shown)) : whole;
    for (const Request& request : list->requests) {
      const HttpRequest made = request_of(profile, request, ready.values, ready.fields_json);
      out.object().member("operation", name).member("method", made.method);
      out.member("target", replace_all(made.target, percent_encoded(ticket_place), ticket_place));
      if (!made.content_type.empty()) out.member("content_type", made.content_type);
      if (!made.body.empty() || made.evidence != EvidenceAs::none) out.member("body", body_of(made, shown));
      out.end();
    }
  }
  return out.end().take();
}

}  // namespace exhibit::rest
