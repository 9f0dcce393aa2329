#include <openssl/rand.h>

#include <array>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "abi/engine.h"
#include "base/text.h"
#include "config/desk_file.h"
#include "packet/capture_read.h"
#include "packet/decode.h"
#include "packet/filter.h"
#include "packet/summary.h"

/// Commands that need no engine. A reply that ends in trouble has a record separator (0x1e) and a sentence after it.
namespace exhibit {
namespace {

constexpr std::size_t capture_file_max = 1U << 30;
constexpr char separator = '\x1e';

exh_rc trouble(exh_sink reply, exh_rc rc, std::string_view sentence) {
  write_to(reply, cat(separator, sentence));
  return rc;
}

Result<Bytes> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
  if (size < 0) return Error{Errc::not_found, cat(path, " cannot be read")};
  if (static_cast<std::size_t>(size) > capture_file_max)
    return Error{Errc::too_large, cat(path, " is larger than 1 GiB")};
  Bytes bytes(static_cast<std::size_t>(size));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), size);
  if (file.gcount() != size) return Error{Errc::unavailable, cat(path, " cannot be read to its end")};
  return bytes;
}

/// BADARG: no capture file, or no filter. REJECTED: the file broke; what was read stands before the separator.
exh_rc decode_file(const Json& args, exh_sink reply) {
  const std::string path = text_at(args, "file");
  const Result<Bytes> bytes = read_file(path);
  if (!bytes) return trouble(reply, EXH_BADARG, bytes.error().text);
  Result<CaptureReader> reader = CaptureReader::open(*bytes);
  if (!reader) return trouble(reply, EXH_BADARG, cat(path, ": ", reader.error().text));
  Result<Filter> filter = Filter::compile(text_at(args, "filter"), reader->link_type().value_or(link_type::ethernet));
  if (!filter) return trouble(reply, EXH_BADARG, cat("filter: ", filter.error().text));
  const bool json = args.value("json", false);
  while (const auto packet = reader->next()) {
    if (!filter->matches(*packet)) continue;
    const Decoded decoded = decode(packet->bytes, packet->link_type, packet->length);
    write_to(reply, json ? decode_json_line(*packet, decoded) : decode_text_line(*packet, decoded));
    write_to(reply, "\n");
  }
  if (reader->broken()) return trouble(reply, EXH_REJECTED, cat(path, ": ", reader->broken()->text));
  return EXH_OK;
}

exh_rc hash_password(const Json& args, exh_sink reply) {
  std::array<std::uint8_t, 16> salt{};
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1)
    return trouble(reply, EXH_INTERNAL, "no random bytes");
  const std::string password = text_at(args, "password");
  if (password.size() < 8) return trouble(reply, EXH_BADARG, "a password has at least 8 characters");
  write_to(reply, scrypt_hash(password, salt));
  return EXH_OK;
}

/// A desk file as {"name", "desk", "use"}, or its mistakes.
exh_rc desk_file(const Json& args, exh_sink reply) {
  std::vector<Mistake> mistakes;
  const auto file = read_desk_file(text_at(args, "yaml"), mistakes);
  if (!file) {
    write_to(reply, mistakes_json(mistakes));
    return EXH_REJECTED;
  }
  JsonWriter out;
  out.object().member("name", file->name).key("desk").raw(file->desk_json).key("use").raw(file->use_json).end();
  write_to(reply, out.take());
  return EXH_OK;
}

}  // namespace

void write_to(exh_sink sink, std::string_view text) {
  if (sink.put) (void)sink.put(sink.ctx, text.data(), text.size());
}

bool is_free_verb(std::string_view verb) { return verb == "decode" || verb == "user-hash" || verb == "desk-file"; }

bool needs_no_start(std::string_view verb) { return verb == "desk-test" || verb == "desk-preview"; }

exh_rc free_command(std::string_view verb, std::string_view args, exh_sink reply) {
  const Result<Json> json = parse_json(args);
  if (!json || !json->is_object()) return trouble(reply, EXH_BADARG, "the arguments are no JSON object");
  if (verb == "decode") return decode_file(*json, reply);
  if (verb == "desk-file") return desk_file(*json, reply);
  if (verb == "user-hash") return hash_password(*json, reply);
  return EXH_UNSUPPORTED;
}

}  // namespace exhibit
