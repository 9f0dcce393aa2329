#include "packet/answer.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "packet/answer_records.h"
#include "packet/summary.h"

namespace exhibit {
namespace {

using answering::Record;
using Records = std::vector<Record>;

/// One TCP connection (or a UDP pair) of the flow.
using Connection = std::pair<std::optional<std::uint16_t>, std::optional<std::uint16_t>>;

Connection connection_of(const Record& record) { return {record.attacker_port, record.target_port}; }

/// Half-open ranges of a stream, counted from its first byte seen.
using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;

std::uint64_t length_of(Ranges ranges, std::int64_t from, std::int64_t to) {
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t sum = 0;
  for (auto [begin, end] : ranges) {
    begin = std::max(begin, from);
    end = std::min(end, to);
    if (begin >= end) continue;
    sum += static_cast<std::uint64_t>(end - begin);
    from = end;
  }
  return sum;
}

constexpr std::int64_t no_end = std::int64_t{1} << 40;

/// What the target sent in one connection. Sequence numbers wrap; distances within 2 GB of the first one do not.
class Stream {
 public:
  explicit Stream(const Record& first) : base_(first.sequence) {}

  [[nodiscard]] std::int64_t place(const Record& record) const {
    return static_cast<std::int32_t>(record.sequence - base_);
  }
  void add(const Record& record) {
    if (record.on_wire == 0) return;
    ranges_.emplace_back(place(record), place(record) + record.on_wire);
    parts_.emplace(place(record), record.payload);
  }
  [[nodiscard]] std::uint64_t bytes(std::int64_t from, std::int64_t to) const { return length_of(ranges_, from, to); }

  /// Where the blank line after an HTTP header that begins at `from` ends; nothing if it was not captured whole.
  [[nodiscard]] std::optional<std::int64_t> header_end(std::int64_t from) const {
    constexpr std::size_t header_max = 64U << 10;
    std::string text;
    for (auto it = parts_.lower_bound(from); it != parts_.end() && text.size() < header_max; ++it) {
      const std::int64_t next = from + static_cast<std::int64_t>(text.size());
      if (it->first > next) break;
      const auto known = static_cast<std::size_t>(next - it->first);
      const std::size_t searched = text.size() - std::min<std::size_t>(text.size(), 3);
      if (known < it->second.size()) text += as_text(it->second.subspan(known));
      const std::size_t blank = text.find("\r\n\r\n", searched), bare = text.find("\n\n", searched);
      if (blank != std::string::npos && blank < bare) return from + static_cast<std::int64_t>(blank) + 4;
      if (bare != std::string::npos) return from + static_cast<std::int64_t>(bare) + 2;
    }
    return std::nullopt;
  }

 private:
  std::uint32_t base_;
  Ranges ranges_;
  std::multimap<std::int64_t, ByteView> parts_;
};

bool is_tcp(const Record& record) { return record.protocol == 6; }

bool is_final_status(const Record& record) {
  // 1xx is a promise of an answer; only 101 is one itself.
  return record.status && (*record.status >= 200 || *record.status == 101);
}

/// The part of the flow that can answer the trigger packet.
class Question {
 public:
  Question(const Records& records, const AlertFlow& flow, const CaptureReport& told) : records_(records), flow_(flow) {
    const auto trigger = std::find_if(records.begin(), records.end(), [](const Record& record) {
      return record.is_trigger && record.in_flow && !record.from_target;
    });
    if (trigger != records.end()) {
      begin_ = static_cast<std::size_t>(trigger - records.begin());
      return;
    }
    // Without the trigger packet its time tells, if the capture's clock can be the sensor's: answers to what was asked
    // long before the alert are not answers to it.
    if (!told.first || *told.first > flow.alert_time || *told.last < flow.alert_time) return;
    constexpr std::chrono::seconds tolerance{1};
    while (begin_ < records.size() && records[begin_].time && *records[begin_].time < flow.alert_time - tolerance)
      ++begin_;
  }

  [[nodiscard]] Answer answer() const {
    const auto status = find([](const Record& record) { return is_final_status(record); });
    if (status != nullptr) return http(*status);
    const auto payload = find([](const Record& record) { return record.on_wire > 0 && record.icmp_error.empty(); });
    if (payload != nullptr) return said(*payload);
    const auto refusal = find([](const Record& record) {
      return !record.icmp_error.empty() || (is_tcp(record) && (record.tcp_flags & 4U) != 0);
    });
    if (refusal != nullptr) return refused(*refusal);
    Answer none;
    none.acknowledged_bytes = acknowledged();
    return none;
  }

 private:
  /// The first packet of the target that fits.
  template <typename Wanted>
  [[nodiscard]] const Record* find(Wanted wanted) const {
    for (std::size_t i = begin_; i < records_.size(); ++i)
      if (records_[i].in_flow && records_[i].from_target && wanted(records_[i])) return &records_[i];
    return nullptr;
  }

  [[nodiscard]] std::optional<std::int64_t> delay(const Record& answer) const {
    std::optional<WallTime> asked, any;
    for (const Record* record = records_.data(); record != &answer; ++record) {
      if (!record->in_flow || record->from_target || !record->time) continue;
      any = record->time;
      if (record->on_wire > 0) asked = record->time;
    }
    if (!asked) asked = any;
    const bool before = flow_.alert_time != WallTime{} && answer.time && flow_.alert_time <= *answer.time &&
                        *answer.time - flow_.alert_time < std::chrono::hours{1};
    if (!asked && before) asked = flow_.alert_time;
    if (!asked || !answer.time || *answer.time < *asked) return std::nullopt;
    return std::chrono::round<std::chrono::milliseconds>(*answer.time - *asked).count();
  }

  [[nodiscard]] Stream stream_of(const Record& of) const {
    Stream stream(of);
    for (const Record& record : records_)
      if (record.in_flow && record.from_target && is_tcp(record) && record.icmp_error.empty() &&
          connection_of(record) == connection_of(of))
        stream.add(record);
    return stream;
  }

  [[nodiscard]] Answer http(const Record& status) const {
    const Stream stream = stream_of(status);
    const std::int64_t from = stream.place(status);
    std::int64_t end = no_end;
    for (const Record& record : records_)  // The next response on the connection ends this one.
      if (record.in_flow && record.from_target && record.status && connection_of(record) == connection_of(status) &&
          stream.place(record) > from)
        end = std::min(end, stream.place(record));
    Answer answer{.kind = Answer::Kind::http, .status = status.status};
    answer.detail = harmless(cut_utf8(status.reason, 80));
    answer.milliseconds = delay(status);
    const auto body = stream.header_end(from);
    if (!body) return answer;
    if (status.content_length && *status.content_length < static_cast<std::uint64_t>(no_end))
      end = std::min(end, *body + static_cast<std::int64_t>(*status.content_length));
    answer.bytes = stream.bytes(*body, end);
    return answer;
  }

  [[nodiscard]] std::uint64_t payload_bytes() const {
    std::uint64_t sum = 0;
    std::map<Connection, Stream> streams;
    for (std::size_t i = begin_; i < records_.size(); ++i) {
      const Record& record = records_[i];
      if (!record.in_flow || !record.from_target || !record.icmp_error.empty()) continue;
      if (is_tcp(record))
        streams.try_emplace(connection_of(record), record).first->second.add(record);
      else
        sum += record.on_wire;
    }
    for (const auto& [connection, stream] : streams) sum += stream.bytes(first_place, no_end);
    return sum;
  }

  [[nodiscard]] Answer said(const Record& first) const {
    const auto alert = find([](const Record& record) { return record.tls_alert.has_value(); });
    const auto data = find([](const Record& record) { return record.tls_data; });
    const bool refused_tls = alert != nullptr && data == nullptr && *alert->tls_alert != 0;  // 0: a polite goodbye
    Answer answer{.kind = refused_tls ? Answer::Kind::tls_alert : Answer::Kind::bytes, .status = std::nullopt};
    answer.bytes = payload_bytes();
    answer.milliseconds = delay(refused_tls ? *alert : first);
    if (refused_tls) {
      answer.tls_alert = alert->tls_alert;
      answer.detail = tls_alert_text(*alert->tls_alert);
    } else {
      answer.detail = first.meaning;
    }
    return answer;
  }

  [[nodiscard]] Answer refused(const Record& record) const {
    Answer answer{.kind = Answer::Kind::reset, .status = std::nullopt};
    answer.detail = record.icmp_error;
    answer.milliseconds = delay(record);
    return answer;
  }

  /// How far the attacker's acknowledgements moved: the target sent at least that much.
  [[nodiscard]] std::optional<std::uint64_t> acknowledged() const {
    std::map<Connection, std::pair<std::uint32_t, std::int64_t>> moved;
    for (const Record& record : records_) {
      if (!record.in_flow || record.from_target || !is_tcp(record) || (record.tcp_flags & 16U) == 0) continue;
      auto& [base, most] = moved.try_emplace(connection_of(record), record.acknowledgement, 0).first->second;
      most = std::max<std::int64_t>(most, static_cast<std::int32_t>(record.acknowledgement - base));
    }
    std::uint64_t sum = 0;
    for (const auto& [connection, each] : moved)  // One step may be the end of the stream, which proves no byte.
      if (each.second > 1) sum += static_cast<std::uint64_t>(each.second);
    return sum > 0 ? std::optional(sum) : std::nullopt;
  }

  static constexpr std::int64_t first_place = -(std::int64_t{1} << 31);

  const Records& records_;
  const AlertFlow& flow_;
  std::size_t begin_ = 0;
};

}  // namespace

std::string_view kind_token(Answer::Kind kind) {
  switch (kind) {
    case Answer::Kind::http: return "http";
    case Answer::Kind::tls_alert: return "tls-alert";
    case Answer::Kind::reset: return "reset";
    case Answer::Kind::bytes: return "bytes";
    case Answer::Kind::none_in_capture: return "none-in-capture";
  }
  return "none-in-capture";
}

std::string answer_text(const Answer& answer) {
  const std::string late = !answer.milliseconds ? ""
                           : *answer.milliseconds < 1
                               ? ", within 1 ms"
                               : cat(", ", grouped(static_cast<std::uint64_t>(*answer.milliseconds)), " ms later");
  const std::string bytes = cat(grouped(answer.bytes), answer.bytes == 1 ? " byte" : " bytes");
  switch (answer.kind) {
    case Answer::Kind::http: return cat("HTTP ", answer.status.value_or(0), ", ", bytes, late);
    case Answer::Kind::tls_alert: return cat("TLS alert: ", answer.detail, late);
    case Answer::Kind::reset: return cat(answer.detail.empty() ? "TCP reset" : cat("ICMP ", answer.detail), late);
    case Answer::Kind::bytes: return cat(bytes, late);
    case Answer::Kind::none_in_capture: break;
  }
  if (!answer.acknowledged_bytes) return "no answer in the capture";
  return cat("no answer in the capture, but the attacker acknowledged ", grouped(*answer.acknowledged_bytes),
             " bytes from the server");
}

Result<CaptureReport> report(ByteView file, const AlertFlow& flow, ByteView trigger_packet) {
  auto collected = answering::collect(file, flow, trigger_packet);
  if (!collected) return collected.error();
  CaptureReport told = std::move(collected->report);
  if (told.flow_packets > 0) told.answer = Question(collected->records, flow, told).answer();
  std::set<int> statuses;
  for (const Record& record : collected->records) {
    if (record.in_flow) continue;
    if (record.request && !record.from_target) ++told.other_requests;
    if (record.from_target && is_final_status(record)) statuses.insert(*record.status);
  }
  told.other_statuses.assign(statuses.begin(), statuses.end());
  return told;
}

}  // namespace exhibit
