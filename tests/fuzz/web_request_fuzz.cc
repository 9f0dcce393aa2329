// What a browser may send: paths that cannot climb, ranges inside their file, forms and cookies.

#include "base/text.h"
#include "tests/fuzz/fuzz_input.h"
#include "web/http_message.h"

namespace {

using namespace exhibit;
using fuzz::demand;

void path(std::string_view raw) {
  const auto normal = web::normal_path(raw);
  if (!normal) return;
  demand(normal->starts_with('/') && is_utf8(*normal) && fuzz::is_clean(*normal), "a path is clean and absolute");
  demand(normal->find("//") == std::string::npos && normal->find('\\') == std::string::npos, "no empty segment");
  for (const std::string_view part : split(*normal, "/")) demand(part != "." && part != "..", "no path climbs");
}

void range(std::string_view header, std::uint64_t size) {
  const web::ByteRange range = web::byte_range(header, size);
  if (range.kind != web::ByteRange::Kind::part) return;
  demand(range.count > 0 && range.from < size && range.count <= size - range.from, "a part lies inside the file");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t kind = input.byte();
  const std::uint64_t length = std::uint64_t{input.byte()} << (kind & 63);
  const std::string_view text = input.rest();
  path(text);
  range(text, length);
  range(cat("bytes=", text), length);
  const std::string target = web::local_target(text);
  demand(
      target == "/" || (target.starts_with("/e/") && fuzz::is_clean(target) && target.find("//") == std::string::npos),
      "sign-in leads back to a page of ours");
  const auto back = web::percent_decoded(web::percent_encoded(text), false);
  demand(back && *back == text, "escapes, there and back");
  demand(web::form_field(cat("a=1&name=", web::percent_encoded(text), "&name=2"), "name") == text,
         "a form's field comes back");
  demand(web::cookie_value(text, "__Host-s").size() <= text.size(), "a cookie's value stands in its header");
  return 0;
}
