#include "evidence/origin.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace exhibit {
namespace {

constexpr std::string_view sum_member = ",\"sum\":\"";

}  // namespace

std::string origin_json(const EvidenceId& id, std::uint64_t size, const EvidenceOrigin& origin) {
  JsonWriter out;
  out.object()
      .member("sha256", id.text)
      .member("bytes", size)
      .member("sensor", origin.sensor)
      .member("locator", origin.locator);
  out.member("epoch", origin.epoch)
      .member("sealed_at_ns", cat(ns_of(origin.sealed_at)))
      .member("complete", origin.complete);
  std::string text = out.end().take();
  text.pop_back();
  return cat(text, sum_member, hex(sha256(text)), "\"}");
}

std::optional<SealedFile> read_origin(std::string_view text) {
  const Result<Json> json = parse_json(text);
  const std::string_view summed = text.substr(0, text.find(sum_member));
  if (!json || !json->is_object() || text_at(*json, "sum") != hex(sha256(summed))) return std::nullopt;
  const auto number = [&](const char* name) -> std::optional<std::uint64_t> {
    const auto found = json->find(name);
    if (found == json->end() || !found->is_number_unsigned()) return std::nullopt;
    return found->get<std::uint64_t>();
  };
  const auto sealed_at = parse_number<std::int64_t>(text_at(*json, "sealed_at_ns"));
  const auto bytes = number("bytes"), epoch = number("epoch");
  SealedFile file{.id = {text_at(*json, "sha256")}, .origin = {}, .bytes = bytes.value_or(0)};
  file.origin.sensor = text_at(*json, "sensor");
  file.origin.locator = text_at(*json, "locator");
  if (!bytes || !epoch || !sealed_at || file.origin.sensor.empty() || file.origin.locator.empty()) return std::nullopt;
  file.origin.epoch = static_cast<std::uint32_t>(*epoch);
  file.origin.sealed_at = wall_from_ns(*sealed_at);
  const auto complete = json->find("complete");
  file.origin.complete = complete != json->end() && complete->is_boolean() && complete->get<bool>();
  return file;
}

}  // namespace exhibit
