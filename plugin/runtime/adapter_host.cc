#include "runtime/adapter_host.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "exhibit/types.h"
#include "runtime/adapter_desk.h"
#include "runtime/adapter_paths.h"

namespace exhibit {
namespace {

/// Bytes as a file that nobody can write to any more.
FileHandle as_file(ByteView bytes) {
  FileHandle file(::memfd_create("exhibit-attachment", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  for (std::size_t at = 0; file && at < bytes.size();) {
    const ssize_t put = ::write(file.get(), bytes.data() + at, bytes.size() - at);
    if (put <= 0) return FileHandle();
    at += static_cast<std::size_t>(put);
  }
  if (file) ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  return file;
}

struct Attachment {
  FileHandle file;
  EvidencePart part;
};

std::optional<Attachment> attachment_of(const SendDelivery& delivery, FileHandle file) {
  if (delivery.kind != DeliveryKind::attach) return std::nullopt;
  Attachment made{.file = std::move(file), .part = {.name = delivery.attachment_name, .mime = {}, .sha256 = {}}};
  if (delivery.attached_evidence)
    made.part.sha256 = delivery.attached_evidence->text;
  else
    made.part.sha256 = hex(sha256(ByteView(delivery.attachment)));
  if (!made.file && !delivery.attached_evidence) made.file = as_file(delivery.attachment);
  struct stat facts {};
  if (!made.file || ::fstat(made.file.get(), &facts) != 0) return std::nullopt;
  made.part.length = static_cast<std::uint64_t>(facts.st_size);
  made.part.mime = text_at(parse_json(delivery.body).value_or(Json::object()), "mime");
  return made;
}

Result<std::string> read_document(const AdapterResult& result, std::uint64_t matches) {
  if (result.rc == EXH_UNSUPPORTED) return Error{Errc::unsupported, "this desk cannot be read"};
  if (result.rc != EXH_OK) return Error{Errc::unavailable, result.why()};
  Json document = parse_json(result.document, message_bytes_max).value_or(Json::object());
  document["matches"] = matches;
  document["remote_id"] = result.ticket;
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Hands on the document of a call; `cannot` says what an adapter without that ability cannot do.
std::function<void(AdapterResult)> with_document(std::string cannot, std::function<void(Result<std::string>)> done) {
  return [cannot = std::move(cannot), done = std::move(done)](const AdapterResult& result) {
    if (result.rc == EXH_UNSUPPORTED) return done(Error{Errc::unsupported, cannot});
    if (result.rc != EXH_OK) return done(Error{Errc::unavailable, result.why()});
    done(result.document);
  };
}

class AdapterDesk final : public Desk {
 public:
  AdapterDesk(const DeskSettings& settings, AdapterDeskWorld world)
      : worker_(std::make_shared<AdapterWorker>(settings, std::move(world))) {}
  AdapterDesk(const AdapterDesk&) = delete;
  AdapterDesk& operator=(const AdapterDesk&) = delete;
  ~AdapterDesk() override { stop(); }

  void send(const Seat& seat, const SendDelivery& delivery, FileHandle attachment,
            std::function<void(DeliveryOutcome)> done) override {
    std::optional<Attachment> attached = attachment_of(delivery, std::move(attachment));
    if (delivery.kind == DeliveryKind::attach && !attached)
      return done({.kind = DeliveryOutcome::Kind::rejected,
                   .ticket = {},
                   .number = {},
                   .url = {},
                   .retry_after = {},
                   .why = "evidence-missing: the file to attach cannot be read"});
    AdapterCall call{.kind = FrameKind::apply,
                     .tenant = seat.tenant,
                     .severity = delivery.severity,
                     .members = {},
                     .files = {},
                     .done = {}};
    call.members = apply_members(delivery, seat.map_json, attached ? std::optional(attached->part) : std::nullopt,
                                 worker_->deadline());
    if (attached) call.files.push_back(std::move(attached->file));
    call.done = [done = std::move(done)](const AdapterResult& result) { done(outcome_of(result)); };
    worker_->submit(std::move(call));
  }

  void look_up(const Seat& seat, const LookUpDelivery& wanted, std::function<void(DeliveryLookedUp)> done) override {
    find(seat, wanted, [worker = worker_, done = std::move(done), id = wanted.id](AdapterResult result) {
      // Nobody can look, but the receiver knows the delivery by its id: sending it again is no second one.
      if (result.rc == EXH_UNSUPPORTED && worker->stable_id()) result.rc = EXH_ABSENT;
      done(looked_up(id, result));
    });
  }

  void read(const Seat& seat, const LookUpDelivery& ensure, std::function<void(Result<std::string>)> done) override {
    find(seat, ensure, [worker = worker_, tenant = seat.tenant, done = std::move(done)](const AdapterResult& found) {
      if (found.rc == EXH_ABSENT) return done(Error{Errc::not_found, "the desk holds no such ticket"});
      if (found.rc == EXH_UNSUPPORTED) return done(Error{Errc::unsupported, "this desk cannot be searched"});
      if (found.rc != EXH_OK) return done(Error{Errc::unavailable, found.why()});
      AdapterCall call{.kind = FrameKind::read,
                       .tenant = tenant,
                       .members = cat("\"ticket\":", json_quoted(found.ticket)),
                       .files = {},
                       .done = {}};
      call.done = [done, matches = found.matches](const AdapterResult& result) {
        done(read_document(result, matches));
      };
      worker->submit(std::move(call));
    });
  }

  void probe(const Seat& seat, std::function<void(Result<void>)> done) override {
    AdapterCall call{.kind = FrameKind::probe, .tenant = seat.tenant, .members = {}, .files = {}, .done = {}};
    call.done = [done = std::move(done)](const AdapterResult& result) {
      done(result.rc == EXH_OK ? Result<void>() : Error{Errc::unavailable, result.why()});
    };
    worker_->submit(std::move(call));
  }

  void poll(const Seat& seat, const std::string& request, std::function<void(Result<std::string>)> done) override {
    AdapterCall call{.kind = FrameKind::poll,
                     .tenant = seat.tenant,
                     .severity = Severity::informational,
                     .members = cat("\"request\":", request),
                     .files = {},
                     .done = {}};
    call.done = with_document("this desk cannot be polled", std::move(done));
    worker_->submit(std::move(call));
  }

  void preview(const Seat& seat, const SendDelivery& delivery, std::function<void(Result<std::string>)> done) override {
    const std::optional<Attachment> attached = attachment_of(delivery, {});
    AdapterCall call{.kind = FrameKind::preview, .tenant = seat.tenant, .members = {}, .files = {}, .done = {}};
    call.members = apply_members(delivery, seat.map_json, attached ? std::optional(attached->part) : std::nullopt,
                                 worker_->deadline());
    call.done = with_document("this adapter cannot show what it would send", std::move(done));
    worker_->submit(std::move(call));
  }

  void resolve(const Seat& seat, const std::string& number, std::function<void(Result<std::string>)> done) override {
    AdapterCall call{.kind = FrameKind::find,
                     .tenant = seat.tenant,
                     .members = number_members(number, seat.map_json, worker_->deadline()),
                     .files = {},
                     .done = {}};
    call.done = [done = std::move(done), number](const AdapterResult& result) {
      if (result.rc == EXH_OK) return done(result.ticket);
      if (result.rc == EXH_ABSENT)
        return done(Error{Errc::not_found, cat("the desk holds no ticket ", harmless(number))});
      if (result.rc == EXH_UNSUPPORTED)
        return done(Error{Errc::unsupported, "this desk cannot be searched by number: give its own id (\"ticket\")"});
      done(Error{Errc::unavailable, result.why()});
    };
    worker_->submit(std::move(call));
  }

  void resume() override { worker_->resume(); }
  void stop() { worker_->stop(); }

 private:
  void find(const Seat& seat, const LookUpDelivery& wanted, std::function<void(AdapterResult)> done) {
    AdapterCall call{.kind = FrameKind::find,
                     .tenant = seat.tenant,
                     .members = find_members(wanted, seat.map_json, worker_->deadline()),
                     .files = {},
                     .done = std::move(done)};
    worker_->submit(std::move(call));
  }

  std::shared_ptr<AdapterWorker> worker_;
};

}  // namespace

std::shared_ptr<Desk> make_adapter_desk(const DeskSettings& settings, AdapterDeskWorld world) {
  const Result<AdapterPaths> paths = find_adapter(world.runner, settings.adapter, settings.profile);
  const std::string profile = paths ? read_profile(*paths).value_or("") : "";
  return std::make_shared<AdapterDesk>(within_limits(settings, profile), std::move(world));
}

void stop_adapter_desk(Desk& desk) {
  if (auto* const adapter = dynamic_cast<AdapterDesk*>(&desk)) adapter->stop();
}

}  // namespace exhibit
