#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "base/text.h"
#include "bench/measure.h"
#include "engine/tenant_engine.h"
#include "incident/identity.h"
#include "incident/incident_json.h"
#include "incident/normalize.h"
#include "packet/capture_read.h"
#include "packet/decode.h"
#include "sensorproto/sdee/event_reader.h"
#include "sensorproto/sdee/xml_scan.h"
#include "store/store.h"
#include "tests/support/phf_alert.h"

/// bench-stages xml | decode CAPTURE | commit FOLDER: the stages of one alert beside the bare library they stand on, by
/// this thread's CPU time, the best of seven rounds taken in turn; durable commits beside raw fdatasync in FOLDER by
/// the clock. One JSON object.
namespace exhibit::bench {
namespace {

double thread_cpu() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Best CPU seconds of one call of each, over seven rounds in turn.
std::vector<double> best_of(const std::vector<std::function<void()>>& works, int repeats) {
  std::vector<double> best(works.size(), 1e9);
  for (int round = 0; round < 7; ++round)
    for (std::size_t i = 0; i < works.size(); ++i) {
      const double begin = thread_cpu();
      for (int repeat = 0; repeat < repeats; ++repeat) works[i]();
      best[i] = std::min(best[i], (thread_cpu() - begin) / repeats);
    }
  return best;
}

/// As sensors send it: 20 alerts with packets of 60 to 1,514 bytes.
std::string document_of(int alerts) {
  std::string text =
      "<env:Envelope xmlns:env=\"http://www.w3.org/2003/05/soap-envelope\"><env:Body><sd:events "
      "xmlns:sd=\"http://example.org/2003/08/sdee\" xmlns:cid=\"http://www.cisco.com/cids/2006/08/cidee\">";
  for (int i = 0; i < alerts; ++i) {
    test::AlertXml xml;
    xml.event_id = cat(1'182'522'900'045'587'005 + i);
    xml.packet = test::frame(std::string(static_cast<std::size_t>(6 + (i * 211) % 1455), 'x'));
    text += xml.text();
  }
  return text + "</sd:events></env:Body></env:Envelope>";
}

volatile std::size_t kept = 0;  // So that no work is left out.

void bare_parse(const std::string& text) {
  pugi::xml_document document;
  document.load_buffer(text.data(), text.size());
  kept = kept + static_cast<std::size_t>(document.first_child().type());
}

std::size_t to_json(const std::string& text) {
  auto document = read_sdee_document(text);
  std::size_t bytes = 0;
  for (SensorEvent& event : document->events) {
    const Alert alert = normalize(std::move(std::get<IdsAlert>(event)), {"acme"}, {"acme-ips1"}, {});
    TicketView view;
    view.first = &alert;
    const IncidentId id = incident_id(alert.tenant, alert.identity);
    view.link = "https://ev.example/e/k2qx5dm3jh4v6rtbznc7wpyaeu";
    view.correlation = correlation_id(alert.tenant, id).text;
    if (!alert.trigger_packet.empty()) bytes += decode(alert.trigger_packet, link_unknown).layers.size();
    bytes += incident_json(view, id, "opened").size();
  }
  return bytes;
}

std::string xml_stages() {
  constexpr int alerts = 20;
  const std::string text = document_of(alerts);
  const auto best =
      best_of({[&] { bare_parse(text); }, [&] { kept = kept + (scan_xml(text) ? 1 : 0); },
               [&] { kept = kept + read_sdee_document(text)->events.size(); }, [&] { kept = kept + to_json(text); }},
              200);
  const auto us = [&](double seconds) { return std::to_string(seconds * 1e6 / alerts); };
  return cat("\"alert_bytes\":", text.size() / alerts, ",\"bare_pugixml_us\":", us(best[0]),
             ",\"pre_scan_us\":", us(best[1]), ",\"read_us\":", us(best[2]), ",\"to_json_us\":", us(best[3]),
             ",\"g7\":", std::to_string(best[0] / (best[2] - best[1])), ",\"g8\":", std::to_string(best[0] / best[3]));
}

/// Packets a second of one core, each decoded to its fields.
std::string decode_stage(const char* path) {
  std::FILE* const file = std::fopen(path, "rb");
  if (file == nullptr) return {};
  Bytes bytes;
  std::uint8_t piece[65536];
  for (std::size_t got; (got = std::fread(piece, 1, sizeof piece, file)) > 0;)
    bytes.insert(bytes.end(), piece, piece + got);
  std::fclose(file);
  std::size_t packets = 0;
  const auto whole = [&] {
    packets = 0;
    auto reader = CaptureReader::open(bytes);
    if (!reader) return;
    while (const auto packet = reader->next()) {
      kept = kept + decode(packet->bytes, packet->link_type).layers.size();
      ++packets;
    }
  };
  const double best = best_of({whole}, 3)[0];
  return cat("\"decode_packets\":", packets,
             ",\"decode_us\":", std::to_string(best * 1e6 / static_cast<double>(std::max<std::size_t>(packets, 1))));
}

/// What one accepted alert writes: its row, its incident, its delivery.
Facts facts_of(int number) {
  EngineSettings settings;
  settings.tenant = {"acme"};
  settings.public_url = "https://ev.example";
  settings.link_key = Bytes(32, 7);
  settings.sensors[{"acme-ips1"}] = {};
  TenantEngine engine(settings);
  test::AlertXml xml;
  xml.event_id = cat(number), xml.target = cat("198.51.", number / 250 % 250, ".", number % 250 + 1);
  SensorSaid said{{"acme-ips1"}, {}};
  said.batch.events.emplace_back(xml.wire());
  Facts facts =
      engine.on(said, {wall_from_ns(1'795'313'561'123'000'000 + number), MonoTime{std::chrono::hours{1}}}).facts;
  for (Fact& fact : facts)  // Each engine is new, the store is one.
    if (auto* const row = std::get_if<AlertRow>(&fact)) row->sequence = static_cast<std::uint64_t>(number);
  return facts;
}

double raw_rate(const std::string& path, std::size_t group, std::size_t groups, std::size_t bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const std::string record(bytes * group, 'x');
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < groups; ++i)
    if (::write(file, record.data(), record.size()) < 0 || ::fdatasync(file) != 0) std::exit(1);
  const double seconds = seconds_since(begin);
  ::close(file);
  return static_cast<double>(group * groups) / seconds;
}

double store_rate(const std::string& path, std::size_t group, std::size_t groups, int& number) {
  std::vector<Facts> batches(groups);
  for (Facts& batch : batches)
    for (std::size_t i = 0; i < group; ++i)
      for (Fact& fact : facts_of(number++)) batch.push_back(std::move(fact));
  std::filesystem::remove(path), std::filesystem::remove(path + "-wal"), std::filesystem::remove(path + "-shm");
  auto store = open_sqlite_store(path);
  if (!store) std::exit(1);
  const auto begin = Clock::now();
  for (const Facts& batch : batches)
    if (!(*store)->commit(batch)) std::exit(1);
  return static_cast<double>(group * groups) / seconds_since(begin);
}

/// G10: alerts made durable a second, with the engine's own rows.
std::string commit_stage(const std::string& folder) {
  std::string out;
  int number = 1;
  constexpr std::size_t record = 3072;
  for (const auto& [group, groups] : {std::pair<std::size_t, std::size_t>{100, 60}, {1, 600}}) {
    std::vector<double> raw, ours, ratios;
    for (int round = 0; round < 3; ++round) {
      raw.push_back(raw_rate(folder + "/raw", group, groups, record));
      ours.push_back(store_rate(folder + "/store.db", group, groups, number));
      ratios.push_back(ours.back() / raw.back());
    }
    for (auto* const list : {&raw, &ours, &ratios}) std::sort(list->begin(), list->end());
    out += cat(out.empty() ? "" : ",", "\"commit_", group, "\":", std::to_string(ours[1]), ",\"raw_", group,
               "\":", std::to_string(raw[1]), ",\"g10_", group, "\":", std::to_string(ratios[1]));
  }
  return out;
}

}  // namespace
}  // namespace exhibit::bench

int main(int count, char** words) {
  using namespace exhibit;
  const std::string stage = count > 1 ? words[1] : "";
  std::string out;
  if (stage == "xml") out = bench::xml_stages();
  if (stage == "decode" && count > 2) out = bench::decode_stage(words[2]);
  if (stage == "commit" && count > 2) out = bench::commit_stage(words[2]);
  std::printf("{%s}\n", out.c_str());
  return out.empty() ? 2 : 0;
}
