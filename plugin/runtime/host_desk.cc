#include "runtime/host_desk.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "runtime/adapter_message.h"

namespace exhibit {
namespace {

using Call = exh_rc (*)(void*, exh_str, const exh_op*, exh_sink);

exh_str borrowed(std::string_view text) { return {text.data(), text.size()}; }

exh_sink into(std::string& text) {
  return {&text, [](void* ctx, const char* bytes, std::size_t count) -> std::int32_t {
            constexpr std::size_t result_max = 1U << 20;
            auto& out = *static_cast<std::string*>(ctx);
            if (out.size() + count > result_max) return 1;
            out.append(bytes, count);
            return 0;
          }};
}

/// What an operation attaches: bytes of ours, or a sealed file.
struct Attached {
  std::string name, mime, sha256;
  const Bytes* bytes = nullptr;
  int fd = -1;
  std::uint64_t length = 0;

  [[nodiscard]] exh_blob blob() {
    return {.size = sizeof(exh_blob),
            .reserved = 0,
            .name = borrowed(name),
            .mime = borrowed(mime),
            .sha256 = borrowed(sha256),
            .length = length,
            .ctx = this,
            .read = read};
  }
  static std::int64_t read(void* ctx, std::uint64_t offset, void* buffer, std::size_t capacity) {
    const auto& self = *static_cast<const Attached*>(ctx);
    if (self.fd >= 0) {
      const ssize_t got = ::pread(self.fd, buffer, capacity, static_cast<off_t>(offset));
      return got < 0 ? -static_cast<std::int64_t>(EXH_INTERNAL) : got;
    }
    if (offset >= self.bytes->size()) return 0;
    const std::size_t count = std::min<std::size_t>(capacity, self.bytes->size() - static_cast<std::size_t>(offset));
    std::memcpy(buffer, self.bytes->data() + offset, count);
    return static_cast<std::int64_t>(count);
  }
};

Attached attached_of(const SendDelivery& delivery, const FileHandle& file) {
  Attached attached{.name = delivery.attachment_name,
                    .mime = text_at(parse_json(delivery.body).value_or(Json::object()), "mime"),
                    .sha256 = delivery.attached_evidence ? delivery.attached_evidence->text
                                                         : hex(sha256(ByteView(delivery.attachment))),
                    .bytes = &delivery.attachment,
                    .fd = delivery.attached_evidence ? file.get() : -1,
                    .length = delivery.attachment.size()};
  struct stat facts {};
  if (attached.fd >= 0 && ::fstat(attached.fd, &facts) == 0)
    attached.length = static_cast<std::uint64_t>(facts.st_size);
  return attached;
}

class HostDesk final : public Desk, public std::enable_shared_from_this<HostDesk> {
 public:
  HostDesk(const DeskSettings& settings, const exh_host_tickets& tickets, Executors& executors)
      : deadline_(settings.deadline), tickets_(tickets), line_(executors.workers().get_executor()) {}

  void send(const Seat& seat, const SendDelivery& delivery, FileHandle attachment,
            std::function<void(DeliveryOutcome)> done) override {
    boost::asio::post(line_, [self = shared_from_this(), seat, delivery, done = std::move(done),
                              file = std::make_shared<FileHandle>(std::move(attachment))] {
      Attached attached = attached_of(delivery, *file);
      exh_blob blob = attached.blob();
      const std::string body = with_fields(delivery.body, seat.map_json);
      exh_op op = self->op_of(delivery.id.text, delivery.correlation.text, delivery.ticket, delivery.kind, body);
      op.seq = delivery.order;
      op.attempt = static_cast<std::uint32_t>(delivery.attempt);
      if (delivery.kind == DeliveryKind::attach) op.blobs = &blob, op.blob_count = 1;
      done(outcome_of(self->call(self->deed_of(delivery.kind), seat, op)));
    });
  }

  void look_up(const Seat& seat, const LookUpDelivery& wanted, std::function<void(DeliveryLookedUp)> done) override {
    boost::asio::post(line_, [self = shared_from_this(), seat, wanted, done = std::move(done)] {
      const std::string body = with_fields("{}", seat.map_json);
      const exh_op op = self->op_of(wanted.id.text, wanted.correlation.text, wanted.ticket, wanted.kind, body);
      const Call find = EXH_HAS(&self->tickets_, exh_host_tickets, find) ? self->tickets_.find : nullptr;
      done(looked_up(wanted.id, self->call(find, seat, op)));
    });
  }

  void read(const Seat&, const LookUpDelivery&, std::function<void(Result<std::string>)> done) override {
    done(Error{Errc::unsupported, "the host's tickets are read in the host"});
  }

  void probe(const Seat&, std::function<void(Result<void>)> done) override { done({}); }

 private:
  [[nodiscard]] exh_op op_of(const std::string& id, const std::string& correlation, const std::string& ticket,
                             DeliveryKind kind, const std::string& body) const {
    exh_op op{};
    op.size = sizeof op;
    op.kind = operation_kind(kind);
    op.op_id = borrowed(id);
    op.correlation_id = borrowed(correlation);
    op.ticket = borrowed(ticket);
    op.attempt = 1;
    op.deadline_ms =
        static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(deadline_).count());
    op.body = borrowed(body);
    op.blob_stride = sizeof(exh_blob);
    return op;
  }

  [[nodiscard]] Call deed_of(DeliveryKind kind) const {
    switch (kind) {
      case DeliveryKind::ensure: return EXH_HAS(&tickets_, exh_host_tickets, ensure) ? tickets_.ensure : nullptr;
      case DeliveryKind::note:
      case DeliveryKind::link: return EXH_HAS(&tickets_, exh_host_tickets, note) ? tickets_.note : nullptr;
      case DeliveryKind::attach: return EXH_HAS(&tickets_, exh_host_tickets, attach) ? tickets_.attach : nullptr;
      case DeliveryKind::state: return EXH_HAS(&tickets_, exh_host_tickets, state) ? tickets_.state : nullptr;
    }
    return nullptr;
  }

  [[nodiscard]] AdapterResult call(Call deed, const Seat& seat, const exh_op& op) const {
    std::string written;
    exh_rc rc = EXH_UNSUPPORTED;
    try {
      if (deed) rc = deed(tickets_.ctx, borrowed(seat.tenant.text), &op, into(written));
    } catch (...) {  // It may have been done before: to be looked for.
      rc = EXH_UNKNOWN;
    }
    const Result<Json> result = parse_json(written.empty() ? "{}" : written);
    JsonWriter frame;
    frame.object().member("rc", rc).key("result").raw(result && result->is_object() ? written.empty() ? "{}" : written
                                                                                    : "{}");
    return read_result(frame.end().take());
  }

  const Nanoseconds deadline_;
  const exh_host_tickets& tickets_;
  Strand line_;
};

}  // namespace

std::shared_ptr<Desk> make_host_desk(const DeskSettings& settings, const exh_host_tickets& tickets,
                                     Executors& executors) {
  return std::make_shared<HostDesk>(settings, tickets, executors);
}

}  // namespace exhibit
