#include <memory>
#include <new>
#include <nlohmann/json.hpp>

#include "adapters/rest/rest_link.h"
#include "base/json.h"
#include "base/text.h"
#include "exhibit/adapter.h"

/// The module's border: C on the outside, RestLink inside. Nothing throws across it.

using exhibit::Json;
using exhibit::rest::HttpAnswer;
using exhibit::rest::HttpRequest;
using exhibit::rest::OpText;
using exhibit::rest::RestLink;
using exhibit::rest::Verdict;

struct exh_link {
  const exh_http* http = nullptr;
  const exh_blob* evidence = nullptr;  // Of the operation at work.
  std::unique_ptr<RestLink> link;
};

namespace {

std::string_view view(exh_str text) { return {text.ptr == nullptr ? "" : text.ptr, text.len}; }
exh_str borrowed(const std::string& text) { return {text.data(), text.size()}; }

void put(exh_sink sink, std::string_view text) {
  if (sink.put != nullptr) sink.put(sink.ctx, text.data(), text.size());
}

exh_sink into(std::string& text) {
  return {&text, [](void* ctx, const char* bytes, std::size_t length) -> std::int32_t {
            static_cast<std::string*>(ctx)->append(bytes, length);
            return 0;
          }};
}

HttpAnswer ask(const exh_link& link, const HttpRequest& request) {
  const std::string accept_name = "Accept", accept = "application/json", type_name = "Content-Type";
  const exh_http_header headers[] = {{borrowed(accept_name), borrowed(accept)},
                                     {borrowed(type_name), borrowed(request.content_type)}};
  exh_http_request asked{};
  asked.size = sizeof asked;
  asked.method = borrowed(request.method);
  asked.target = borrowed(request.target);
  asked.headers = headers;
  asked.header_count = request.content_type.empty() ? 1 : 2;
  asked.body = borrowed(request.body);
  asked.blob = request.evidence ? link.evidence : nullptr;
  exh_http_answer answered{};
  answered.size = sizeof answered;
  HttpAnswer answer;
  answer.rc = link.http->ask(link.http->ctx, &asked, &answered, into(answer.content_type), into(answer.body));
  answer.status = answered.status;
  answer.retry_after_ms = answered.retry_after_ms;
  return answer;
}

OpText text_of(const exh_op& op) {
  OpText text{.op_id = std::string(view(op.op_id)),
              .correlation_id = std::string(view(op.correlation_id)),
              .ticket = std::string(view(op.ticket)),
              .body_json = std::string(view(op.body)),
              .name = {},
              .mime = {},
              .sha256 = {}};
  if (op.blob_count == 0) return text;
  text.name = view(op.blobs->name);
  text.mime = view(op.blobs->mime);
  text.sha256 = view(op.blobs->sha256);
  text.bytes = op.blobs->length;
  return text;
}

/// Runs the work; whatever it throws becomes a result.
template <typename Work>
exh_rc guarded(exh_sink result, Work work) noexcept {
  try {
    const Verdict verdict = work();
    put(result, verdict.json());
    return verdict.rc;
  } catch (...) {
    return EXH_INTERNAL;
  }
}

exh_rc describe(exh_sink json) {
  put(json,
      R"({"adapter":"rest","version":1,"operations":["ensure","note","link","attach","state"],"look_up":true,"stable_id":false})");
  return EXH_OK;
}

exh_rc open_link(const exh_services* services, exh_str config, exh_sink report, exh_link** out) {
  try {
    const auto* const http = static_cast<const exh_http*>(services->extension(services->ctx, "exh.http/1"));
    const exhibit::Result<Json> settings = exhibit::parse_json(view(config));
    if (http == nullptr || !settings || !settings->is_object()) {
      put(report, "the configuration is no JSON object, or there is no HTTP");
      return EXH_REJECTED;
    }
    const auto profile_json = settings->find("profile");
    auto profile = exhibit::rest::parse_profile(profile_json == settings->end() ? std::string() : profile_json->dump());
    if (!profile) {
      put(report, profile.error().text);
      return EXH_REJECTED;
    }
    std::string url = exhibit::text_at(*settings, "url");
    while (url.ends_with('/')) url.pop_back();
    auto made = std::make_unique<exh_link>();
    made->http = http;
    made->link =
        std::make_unique<RestLink>(*std::move(profile), std::move(url),
                                   [raw = made.get()](const HttpRequest& request) { return ask(*raw, request); });
    *out = made.release();
    return EXH_OK;
  } catch (...) {
    return EXH_INTERNAL;
  }
}

void close_link(exh_link* link) { delete link; }

exh_rc probe(exh_link* link, exh_sink report) {
  return guarded(report, [&] { return link->link->probe(); });
}

exh_rc apply(exh_link* link, const exh_op* op, exh_sink result) {
  return guarded(result, [&]() -> Verdict {
    link->evidence = op->blob_count == 0 ? nullptr : op->blobs;
    const OpText text = text_of(*op);
    switch (op->kind) {
      case EXH_OP_ENSURE: return link->link->ensure(text);
      case EXH_OP_NOTE:
      case EXH_OP_LINK: return link->link->note(text, op->attempt);
      case EXH_OP_ATTACH: return link->link->attach(text, op->attempt);
      case EXH_OP_STATE: return link->link->state(text);
      default: return {.rc = EXH_UNSUPPORTED};
    }
  });
}

exh_rc find(exh_link* link, const exh_op* op, exh_sink result) {
  return guarded(result, [&]() -> Verdict {
    const OpText text = text_of(*op);
    switch (op->kind) {
      case EXH_OP_ENSURE: return link->link->find_ticket(text);
      case EXH_OP_NOTE:
      case EXH_OP_LINK: return link->link->find_note(text);
      case EXH_OP_ATTACH: return link->link->find_attachment(text);
      case EXH_OP_STATE: return {.rc = EXH_ABSENT};  // Setting the same values again changes nothing.
      default: return {.rc = EXH_UNSUPPORTED};
    }
  });
}

exh_rc read_ticket(exh_link* link, exh_str ticket, exh_sink result) {
  return guarded(result, [&] { return link->link->read(std::string(view(ticket))); });
}

// No cancel: the runner's HTTP ends a running exchange by itself.
constexpr exh_adapter table{.size = sizeof(exh_adapter),
                            .abi_major = EXH_ADAPTER_MAJOR,
                            .abi_minor = EXH_ADAPTER_MINOR,
                            .reserved = 0,
                            .describe = describe,
                            .open = open_link,
                            .close = close_link,
                            .probe = probe,
                            .apply = apply,
                            .find = find,
                            .read = read_ticket,
                            .cancel = nullptr,
                            .poll = nullptr};

}  // namespace

extern "C" EXH_EXPORT const exh_adapter* exhibit_adapter_entry(std::uint32_t engine_major, std::uint32_t) {
  return engine_major == EXH_ADAPTER_MAJOR ? &table : nullptr;
}
