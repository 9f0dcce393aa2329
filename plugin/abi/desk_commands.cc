#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "abi/awaited.h"
#include "abi/engine.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"
#include "runtime/adapter_host.h"
#include "runtime/adapter_paths.h"
#include "runtime/desk_test.h"
#include "sensorproto/sdee/event_reader.h"

/// Commands about one desk that need no running engine: desk-test and desk-preview.
namespace exhibit {
namespace {

const SensorId preview_sensor{"preview-sensor"};

/// One alert, whatever its severity, as an engine with default settings would treat it.
EngineSettings preview_settings(const HostSettings& host, const DeskSettings& desk, const Json& args) {
  EngineSettings settings;
  settings.tenant = {"preview"};
  settings.tenant_name = "Preview";
  settings.public_url = host.public_url;
  settings.link_key = Bytes(32, 0);
  settings.policy.ticket_from = Severity::informational;
  settings.attach = AttachPolicy::trigger_packet;
  settings.templates = desk.templates;
  for (const Disclosure level : {Disclosure::full, Disclosure::masked, Disclosure::headers, Disclosure::none})
    if (token(level) == text_at(args, "disclosure")) settings.disclosure = level;
  settings.sensors[preview_sensor] = {};
  return settings;
}

Result<IdsAlert> alert_in(std::string_view text) {
  const Result<SdeeDocument> document = read_sdee_document(text);
  if (!document) return document.error();
  for (const SensorEvent& event : document->events)
    if (const auto* alert = std::get_if<IdsAlert>(&event)) return *alert;
  return Error{Errc::bad_input, "the file holds no alert"};
}

/// What the engine would hand to the desk: the ticket, and after it the trigger packet.
std::vector<SendDelivery> deliveries_of(const IdsAlert& alert, EngineSettings settings, Now now) {
  TenantEngine engine(std::move(settings));
  std::vector<SendDelivery> all;
  SensorSaid said{preview_sensor, {}};
  said.batch.events.emplace_back(alert);
  Input input = said;
  for (std::size_t round = 0; round < 4; ++round) {
    const Reaction reaction = engine.on(input, now);
    const std::size_t before = all.size();
    for (const Effect& effect : reaction.effects)
      if (const auto* send = std::get_if<SendDelivery>(&effect)) all.push_back(*send);
    if (all.size() == before) break;
    input = DeliveryEnded{all.back().id, {DeliveryOutcome::Kind::done, "{ticket}", "{number}", {}, {}, {}}};
  }
  return all;
}

}  // namespace

void check_adapters(const HostSettings& settings, std::vector<Mistake>& mistakes) {
  for (const auto& [name, desk] : settings.desks)
    if (const Result<AdapterPaths> found = find_adapter(settings.runner, desk.adapter, desk.profile);
        !found && desk.adapter != "host")
      mistakes.push_back({0, 0, cat("/desks/", name.text), found.error().text,
                          "adapter: rest, email, webhook; profile: a file of share/exhibit/profiles"});
}

Result<std::string> Engine::with_desk(
    const Json& args, const std::function<Result<std::string>(Desk& desk, const DeskSettings& settings)>& work) {
  const auto found = settings_.desks.find(DeskId{text_at(args, "desk")});
  if (found == settings_.desks.end()) return Error{Errc::not_found, "the configuration has no desk of this name"};
  std::string folder = (std::filesystem::temp_directory_path() / "exhibit-desk-XXXXXX").string();
  if (!::mkdtemp(folder.data())) return Error{Errc::unavailable, cat(folder, " cannot be made")};
  Executors executors(1, 1);
  const SecretSource secrets = make_secret_source(settings_.state + "/secrets",
                                                  [this](const std::string& name) { return host_.secret("", name); });
  const std::shared_ptr<Desk> desk =
      make_adapter_desk(found->second, AdapterDeskWorld{executors, log(), secrets, folder, settings_.runner});
  Result<std::string> result = work(*desk, found->second);
  stop_adapter_desk(*desk);
  executors.join();
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return result;
}

Result<std::string> Engine::test_of_desk(const Json& args) {
  return with_desk(args, [&](Desk& desk, const DeskSettings& settings) -> Result<std::string> {
    const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(settings.deadline) * 2;
    const TenantId mark{cat(iso_utc(clock_.now().wall), "-", ::getpid())};
    return test_desk(desk, {{"exhibit-desk-test"}, settings.map_json}, mark, args.value("read_only", false), patience)
        .json();
  });
}

Result<std::string> Engine::preview_of_desk(const Json& args) {
  const Result<IdsAlert> alert = alert_in(text_at(args, "alert"));
  if (!alert) return alert.error();
  return with_desk(args, [&](Desk& desk, const DeskSettings& settings) -> Result<std::string> {
    JsonWriter out;
    out.object().key("operations").array();
    for (const SendDelivery& delivery :
         deliveries_of(*alert, preview_settings(settings_, settings, args), clock_.now())) {
      Awaited<Result<std::string>> shown;
      desk.preview({{"preview"}, settings.map_json}, delivery, shown.callback());
      const auto got = shown.wait(std::chrono::duration_cast<std::chrono::milliseconds>(settings.deadline));
      if (!got) return Error{Errc::timeout, "the adapter did not answer in time"};
      if (!*got) return got->error();
      out.object().member("operation", token(delivery.kind)).key("requests").raw(**got).end();
    }
    return out.end().end().take();
  });
}

}  // namespace exhibit
