#include "runner/link_thread.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace exhibit {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds default_deadline{30'000};

std::uint64_t number_at(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

struct OpenedEvidence {
  std::string name, mime, sha256;
  std::uint64_t length = 0;
  int fd = -1;
};

std::int64_t read_evidence(void* ctx, std::uint64_t offset, void* buffer, std::size_t capacity) {
  const auto* const evidence = static_cast<const OpenedEvidence*>(ctx);
  const ssize_t got = ::pread(evidence->fd, buffer, capacity, static_cast<off_t>(offset));
  return got < 0 ? -static_cast<std::int64_t>(EXH_INTERNAL) : got;
}

std::vector<OpenedEvidence> evidence_of(const Json& op, const Descriptors& descriptors) {
  std::vector<OpenedEvidence> all;
  const auto blobs = op.find("blobs");
  if (blobs == op.end() || !blobs->is_array()) return all;
  for (std::size_t i = 0; i < blobs->size() && i < descriptors.all().size(); ++i) {
    const Json& blob = (*blobs)[i];
    all.push_back({text_at(blob, "name"), text_at(blob, "mime"), text_at(blob, "sha256"), number_at(blob, "length"),
                   descriptors.all()[i]});
  }
  return all;
}

exh_blob blob_of(OpenedEvidence& evidence) {
  return {.size = sizeof(exh_blob),
          .reserved = 0,
          .name = to_exh(evidence.name),
          .mime = to_exh(evidence.mime),
          .sha256 = to_exh(evidence.sha256),
          .length = evidence.length,
          .ctx = &evidence,
          .read = read_evidence};
}

void put(exh_sink sink, std::string_view text) {
  if (sink.put != nullptr) sink.put(sink.ctx, text.data(), text.size());
}

/// A header's value as one line, whatever a peer managed to put into it.
std::string one_line(std::string value) {
  std::replace_if(
      value.begin(), value.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return value;
}

std::string result_json(exh_rc rc, std::int64_t requests, std::string_view written) {
  JsonWriter json;
  json.object().member("rc", rc).member("requests", requests).key("result");
  const Result<Json> parsed = parse_json(written, message_bytes_max / 2);
  parsed && parsed->is_object() ? json.raw(written) : json.object().member("text", written).end();
  return json.end().take();
}

}  // namespace

LinkThread::LinkThread(const exh_adapter& adapter, SharedHttp http, Answer answer, Log log)
    : adapter_(adapter), shared_http_(std::move(http)), answer_(std::move(answer)), log_(std::move(log)) {
  http_table_ = {.size = sizeof(exh_http), .reserved = 0, .ctx = this, .ask = ask};
  services_ = {.size = sizeof(exh_services),
               .abi_major = EXH_ADAPTER_MAJOR,
               .abi_minor = EXH_ADAPTER_MINOR,
               .reserved = 0,
               .ctx = this,
               .log = LinkThread::log,
               .extension = extension};
  thread_ = std::thread([this] { run(); });
  thread_.detach();
}

bool LinkThread::submit(Message message, Descriptors descriptors) {
  {
    const std::lock_guard lock(mutex_);
    if (next_ || running_ != 0) return false;
    running_ = message.call;
    cancelled_ = false;
    next_ = Work{std::move(message), std::move(descriptors)};
  }
  woken_.notify_one();  // Outside of the lock, or it would wake only to wait again.
  return true;
}

void LinkThread::cancel(std::uint64_t call) {
  const std::lock_guard lock(mutex_);
  if (running_ != call) return;
  cancelled_ = true;
  if (link_ != nullptr && EXH_HAS(&adapter_, exh_adapter, cancel)) adapter_.cancel(link_);
}

void LinkThread::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [this] { return next_.has_value(); });
    Work work = *std::move(next_);
    next_.reset();
    lock.unlock();
    Message answer = perform(work);
    lock.lock();
    running_ = 0;  // Before the answer leaves, since the next call may come at once.
    lock.unlock();
    answer_(std::move(answer));
  }
}

Message LinkThread::perform(Work& work) {
  TextSink result;
  exh_rc rc = EXH_INTERNAL;
  requests_ = 0;
  deadline_ = steady_clock::now() + default_deadline;
  try {
    const FrameKind kind = work.message.kind;
    const bool simple =
        kind == FrameKind::open || kind == FrameKind::probe || kind == FrameKind::read || kind == FrameKind::poll;
    rc = simple ? without_op(work, result.sink()) : link_ == nullptr ? EXH_STATE : with_op(work, result.sink());
  } catch (const std::exception& error) {
    result.text = harmless(error.what());
  }
  return {.kind = FrameKind::result, .call = work.message.call, .payload = result_json(rc, requests_, result.text)};
}

exh_rc LinkThread::without_op(const Work& work, exh_sink result) {
  const Result<Json> payload = parse_json(work.message.payload, message_bytes_max);
  if (!payload || !payload->is_object()) return EXH_BADARG;
  if (work.message.kind == FrameKind::open) return open(payload->value("config", Json::object()), result);
  if (link_ == nullptr) return EXH_STATE;
  if (work.message.kind == FrameKind::probe) return adapter_.probe(link_, result);
  if (work.message.kind == FrameKind::read)
    return EXH_HAS(&adapter_, exh_adapter, read) ? adapter_.read(link_, to_exh(text_at(*payload, "ticket")), result)
                                                 : EXH_UNSUPPORTED;
  const std::string request = payload->value("request", Json::object()).dump();
  return EXH_HAS(&adapter_, exh_adapter, poll) ? adapter_.poll(link_, to_exh(request), result) : EXH_UNSUPPORTED;
}

exh_rc LinkThread::open(const Json& config, exh_sink result) {
  if (link_ != nullptr) return EXH_STATE;
  try {
    http_ = shared_http_(config);
  } catch (const std::exception& error) {
    put(result, error.what());
    return EXH_REJECTED;
  }
  const std::string text = config.dump();
  exh_link* made = nullptr;
  const exh_rc rc = adapter_.open(&services_, to_exh(text), result, &made);
  const std::lock_guard lock(mutex_);
  link_ = rc == EXH_OK ? made : nullptr;
  return rc;
}

exh_rc LinkThread::with_op(const Work& work, exh_sink result) {
  // The body is most of it, and the module reads it: it goes there as it came, without a tree in between.
  const std::string_view whole = raw_member(work.message.payload, "op"), found = raw_member(whole, "body");
  const std::string body(found.starts_with('{') ? found : "{}");
  const std::size_t at = found.empty() ? whole.size() : static_cast<std::size_t>(found.data() - whole.data());
  const Result<Json> parsed =
      parse_json(found.empty() ? std::string(whole) : cat(whole.substr(0, at), "{}", whole.substr(at + found.size())),
                 message_bytes_max);
  if (!parsed || !parsed->is_object()) return EXH_BADARG;
  const Json& op_json = *parsed;
  std::vector<OpenedEvidence> evidence = evidence_of(op_json, work.descriptors);
  std::vector<exh_blob> blobs;
  std::transform(evidence.begin(), evidence.end(), std::back_inserter(blobs), blob_of);
  const std::string op_id = text_at(op_json, "op_id"), correlation = text_at(op_json, "correlation_id");
  const std::string ticket = text_at(op_json, "ticket");
  exh_op op{};
  op.size = sizeof op;
  op.kind = static_cast<std::uint32_t>(number_at(op_json, "kind"));
  op.op_id = to_exh(op_id);
  op.correlation_id = to_exh(correlation);
  op.ticket = to_exh(ticket);
  op.seq = number_at(op_json, "seq");
  op.attempt = static_cast<std::uint32_t>(number_at(op_json, "attempt"));
  op.deadline_ms = static_cast<std::uint32_t>(number_at(op_json, "deadline_ms"));
  op.body = to_exh(body);
  op.blobs = blobs.data();
  op.blob_count = blobs.size();
  op.blob_stride = sizeof(exh_blob);
  if (op.deadline_ms != 0) deadline_ = steady_clock::now() + milliseconds(op.deadline_ms);
  if (work.message.kind == FrameKind::apply) return adapter_.apply(link_, &op, result);
  if (work.message.kind == FrameKind::preview)
    return EXH_HAS(&adapter_, exh_adapter, preview) ? adapter_.preview(link_, &op, result) : EXH_UNSUPPORTED;
  return EXH_HAS(&adapter_, exh_adapter, find) ? adapter_.find(link_, &op, result) : EXH_UNSUPPORTED;
}

const void* LinkThread::extension(void* ctx, const char* id) {
  auto* const self = static_cast<LinkThread*>(ctx);
  return self->http_ && std::strcmp(id, "exh.http/1") == 0 ? &self->http_table_ : nullptr;
}

void LinkThread::log(void* ctx, std::int32_t level, exh_str message) {
  static_cast<LinkThread*>(ctx)->log_(level, from_exh(message));
}

exh_rc LinkThread::ask(void* ctx, const exh_http_request* request, exh_http_answer* answer, exh_sink content_type,
                       exh_sink body) {
  auto* const self = static_cast<LinkThread*>(ctx);
  ++self->requests_;
  const auto left = std::chrono::duration_cast<milliseconds>(self->deadline_ - steady_clock::now());
  if (left <= milliseconds(0) || self->cancelled_) {
    put(body, "the deadline passed before this request was sent");
    return EXH_RETRY;
  }
  DeskHttp::Request asked{.method = std::string(from_exh(request->method)),
                          .target = std::string(from_exh(request->target)),
                          .headers = {},
                          .body = std::string(from_exh(request->body)),
                          .reader = {},
                          .deadline = left};
  if (request->deadline_ms != 0) asked.deadline = std::min(left, milliseconds(request->deadline_ms));
  for (std::size_t i = 0; i < request->header_count; ++i)
    asked.headers.push_back(
        {std::string(from_exh(request->headers[i].name)), std::string(from_exh(request->headers[i].value))});
  if (const exh_blob* const blob = request->blob; blob != nullptr) {
    asked.length = blob->length;
    asked.reader = [blob](std::uint64_t at, void* to, std::size_t room) { return blob->read(blob->ctx, at, to, room); };
  }
  const DeskHttp::Answer got = self->http_->ask(asked, self->cancelled_);
  answer->status = got.status;
  answer->retry_after_ms = got.retry_after_ms;
  put(content_type, got.content_type);
  if (answer->size >= offsetof(exh_http_answer, headers) + sizeof answer->headers)
    for (const DeskHttp::Header& header : got.headers)
      put(answer->headers, cat(header.name, ": ", one_line(header.value), "\r\n"));
  put(body, got.rc == EXH_OK ? got.body : got.why);
  return got.rc;
}

}  // namespace exhibit
