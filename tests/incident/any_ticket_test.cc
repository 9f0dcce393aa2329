#include <gmock/gmock.h>

#include <random>

#include "base/text.h"
#include "incident/ticket_text.h"
#include "incident/wrap.h"
#include "phf_alert.h"
#include "tests/packet/compose.h"

/// Whatever a sensor says and a packet holds: the texts keep their bounds and say nothing that is not so. Made from
/// seeds.
namespace exhibit {
namespace {

using namespace std::chrono_literals;
using test::noon;

constexpr const char* canary = "canaryq7xk";

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : dice_(seed) {}
  std::size_t below(std::size_t limit) { return dice_() % limit; }
  bool coin() { return below(2) == 0; }
  template <typename T>
  T one_of(std::initializer_list<T> all) {
    return *(all.begin() + static_cast<std::ptrdiff_t>(below(all.size())));
  }
  /// What a stranger may write into a field.
  std::string words(const char* plain) {
    switch (below(8)) {
      case 0: return {};
      case 1: return std::string(below(400), 'x');
      case 2: return "<b>\r\n\x1b[31m\xff\xfe $(reboot) https://evil.example/a?b=c";
      case 3: return cat(plain, " \xE2\x80\xAE", std::string(below(60), ';'), "; and more; of it");
      default: return plain;
    }
  }

 private:
  std::mt19937_64 dice_;
};

Endpoint endpoint(Dice& dice) {
  Endpoint made{dice.one_of({"192.0.2.10", "198.51.100.20", "2001:db8::1", "not an address",
                             "2001:db8:1111:2222:3333:4444:5555:6666", "a.very.long.name.of.a.host.that.nobody.knows"}),
                {},
                dice.words(dice.one_of({"OUT", "in", "DMZ", ""})),
                dice.words("learned: linux")};
  if (dice.coin())
    made.port = dice.one_of({std::uint16_t{80}, std::uint16_t{443}, std::uint16_t{8080}, std::uint16_t{53},
                             std::uint16_t{25}, std::uint16_t{65535}});
  return made;
}

Bytes trigger_packet(Dice& dice) {
  namespace c = compose;
  using compose::operator+;
  static const std::vector<c::Sample> samples = c::samples();
  const auto tcp = [](std::string_view payload) {
    return c::eth(0x0800, c::ipv4({}, c::tcp({}, c::bytes_of(payload))));
  };
  switch (dice.below(9)) {
    case 0: return {};
    case 1: return tcp("");
    case 2:
      return tcp(cat(dice.one_of({"GET", "HEAD", "POST", "PROPFIND"}), " /", std::string(dice.below(200), 'p'), "?",
                     canary, " HTTP/1.1\r\nHost: www.example.com\r\nCookie: sid=", canary, "\r\n\r\n"));
    case 3: return tcp(cat("EHLO ", canary, "\nMAIL FROM:<x>\nRCPT TO:<y>\n", std::string(dice.below(900), 'z')));
    case 4: return tcp(cat(std::string(dice.below(300), '\x01'), canary));
    case 5: {
      Bytes cut = tcp(cat("GET /", canary));
      cut.resize(dice.below(cut.size()));
      return cut;
    }
    default: return samples[dice.below(samples.size())].bytes;
  }
}

Alert any_alert(Dice& dice) {
  Alert alert = test::AlertXml{}.alert(noon + 1400ms);
  alert.severity = dice.one_of({Severity::informational, Severity::low, Severity::medium, Severity::high});
  alert.sensor = {dice.words("acme-ips1")};
  alert.signature_id = dice.words("3200"), alert.subsignature_id = dice.words("0");
  alert.signature_name = dice.words("WWW phf"), alert.signature_details = dice.words("an old attack");
  alert.signature_version = dice.words("S37");
  if (dice.coin()) alert.risk.reset(), alert.threat.reset();
  alert.attacker.reset();
  if (dice.below(4) > 0) alert.attacker = endpoint(dice);
  alert.targets.clear();
  for (std::size_t i = dice.one_of({0, 1, 1, 1, 2, 5}); i > 0; --i) alert.targets.push_back(endpoint(dice));
  alert.block = {dice.one_of({Block::Kind::none_reported, Block::Kind::blocked, Block::Kind::not_performed}),
                 "packet dropped"};
  alert.trigger_packet = trigger_packet(dice);
  alert.trigger_problem = dice.coin() ? "" : "base64: a character that is none";
  alert.virtual_sensor = dice.words("vs0"), alert.interface = dice.words("ge0_1"), alert.vlan = dice.words("12");
  alert.protocol = dice.one_of({"tcp", "udp", "icmp", "sctp", "", "gre"});
  alert.time_from_sensor = dice.below(4) > 0;
  alert.received = alert.time + dice.one_of({Nanoseconds(0s), Nanoseconds(3s), Nanoseconds(13h), Nanoseconds(-3h),
                                             Nanoseconds(10min)});
  if (dice.below(4) == 0) alert.sum = AlertSum{12, "1"};
  return alert;
}

CaptureView any_capture(Dice& dice) {
  CaptureView capture;
  capture.log = "1734556221";
  capture.state = static_cast<CaptureState>(dice.below(7));
  capture.on_demand = dice.coin();
  if (capture.state == CaptureState::lost || (capture.state == CaptureState::sealed_partial && dice.coin()))
    capture.cause = all_capture_causes[dice.below(all_capture_causes.size())];
  if (dice.coin()) capture.ready_expected = noon + 30s;
  if (dice.coin()) capture.safe_until = noon + dice.one_of({Nanoseconds(1h), Nanoseconds(30h)});
  if (dice.coin()) capture.proof = {"acme-ips1 said errNotFound\n<b>", "unreachable"};
  if (dice.coin()) capture.shared_with = {"INC1", "INC2"};
  if (is_sealed(capture.state) && dice.below(4) > 0) {
    CaptureReport report;
    report.packets = dice.below(3), report.flow_packets = dice.below(3), report.bytes = dice.below(1'000'000);
    report.broken = dice.coin(), report.broken_text = "a record claims 9 bytes";
    report.addresses_match = dice.coin(), report.trigger_inside = dice.coin(), report.attacker_only = dice.coin();
    if (dice.coin()) report.first = noon, report.last = noon + dice.one_of({Nanoseconds(0s), Nanoseconds(30h)});
    report.other_requests = dice.below(3);
    if (dice.coin()) report.other_statuses = {404};
    if (dice.coin()) report.other_statuses.push_back(500);
    if (dice.coin())
      report.answer = Answer{.kind = static_cast<Answer::Kind>(dice.below(5)), .status = 404, .bytes = dice.below(3)};
    capture.report = report;
  }
  return capture;
}

TicketView any_view(Dice& dice, const Alert& alert) {
  TicketView view;
  view.first = &alert;
  view.alerts = 1 + dice.below(3);
  view.tenant_name = "ACME";
  if (dice.coin()) view.networks = {*Network::parse("198.51.100.0/24"), *Network::parse("2001:db8::/32")};
  if (dice.coin()) view.zone = *load_zone("Europe/Berlin");
  view.link = "https://ev.msp.example/e/k2qx5dm3jh4v6rtbznc7wpyaeu";
  view.correlation = "EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE";
  for (std::size_t i = dice.below(6); i > 0; --i) view.captures.push_back(any_capture(dice));
  if (view.captures.empty()) view.no_capture = all_capture_causes[dice.below(all_capture_causes.size())];
  view.priority = priority_of(alert);
  view.history = dice.coin() ? "" : "First time for this pair in 30 d.";
  view.mailed = dice.coin() ? "" : "People were told by mail.";
  view.disclosure = static_cast<Disclosure>(dice.below(4));
  view.short_because = dice.coin() ? "" : "the desk refused a longer text";
  return view;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n')
      lines.emplace_back();
    else
      lines.back() += c;
  }
  return lines;
}

/// What no text of ours may be.
std::vector<std::string> faults(const std::string& text, std::size_t lines_max, std::size_t bytes_max) {
  std::vector<std::string> all;
  const std::vector<std::string> lines = lines_of(text);
  if (lines.size() > lines_max) all.push_back(cat(lines.size(), " lines"));
  if (text.size() > bytes_max) all.push_back(cat(text.size(), " bytes"));
  for (const std::string& line : lines) {
    const bool whole = line.starts_with("Packets ") || line.starts_with("Find it ") || line.starts_with("Ref ") ||
                       line.starts_with("Same link: ");
    if (line.size() > columns_max && !whole) all.push_back(cat("a line of ", line.size(), ": ", line));
    for (const char c : line)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
        all.push_back(cat("a control character: ", harmless(line)));
  }
  return all;
}

class AnyTicket : public testing::TestWithParam<int> {
 protected:
  static constexpr int seeds_each = 250;
  static constexpr std::size_t no_limit = 1'000'000;
};

TEST_P(AnyTicket, KeepsItsBoundsAndSaysOnlyWhatIsSo) {
  using testing::HasSubstr;
  using testing::IsEmpty;
  using testing::Not;
  for (int seed = GetParam() * seeds_each; seed < (GetParam() + 1) * seeds_each; ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(static_cast<std::uint64_t>(seed));
    const Alert alert = any_alert(dice), latest = any_alert(dice);
    const TicketView view = any_view(dice, alert);
    const TicketText text = ticket_text(view), bare = bare_ticket_text(view);
    EXPECT_THAT(faults(text.internal_text, 40, 2500), IsEmpty()) << text.internal_text;
    EXPECT_THAT(faults(text.public_text, 20, no_limit), IsEmpty()) << text.public_text;
    for (const std::string& title : {text.title, bare.title}) {
      EXPECT_LE(title.size(), 100U);
      EXPECT_THAT(title, Not(HasSubstr("\n")));
    }
    EXPECT_THAT(cat(text.public_text, text.title, bare.internal_text), Not(HasSubstr(canary))) << "not the customer's";
    if (view.disclosure >= Disclosure::headers) {
      EXPECT_THAT(text.internal_text, Not(HasSubstr(canary)));
    }
    if (view.disclosure == Disclosure::none) {
      EXPECT_THAT(text.internal_text, Not(HasSubstr("\nTrigger packet")));
    }
    for (const std::string& whole : {text.internal_text, bare.internal_text})
      EXPECT_THAT(whole, testing::AllOf(HasSubstr(view.link), HasSubstr(view.correlation)));
    const std::string answer = replace_all(text.internal_text, "\n", " ");
    const bool pending = !view.captures.empty() && !is_settled(view.captures[0].state);
    EXPECT_EQ(answer.find("NOT YET KNOWN") != std::string::npos, pending) << text.internal_text;
    EXPECT_EQ(answer.find("(no capture)") != std::string::npos, view.captures.empty()) << text.internal_text;
    EXPECT_EQ(text.internal_text.find("Blocked: packet dropped.") != std::string::npos,
              alert.block.kind == Block::Kind::blocked);
    const std::string joined = joined_note(view, dice.below(4), latest);
    EXPECT_THAT(faults(joined, 40, 2500), IsEmpty()) << joined;
    for (const CaptureView& capture : view.captures) {
      const std::string note = capture_note(view, capture);
      EXPECT_THAT(faults(note, 40, 2500), IsEmpty()) << note;
      EXPECT_EQ(note.starts_with("CAPTURE LOST"), capture.state == CaptureState::lost);
      EXPECT_THAT(note, HasSubstr(view.link));
    }
    const auto flow = alert_flow(alert);
    const bool named = alert.attacker && !alert.targets.empty() && IpAddress::parse(alert.attacker->address) &&
                       IpAddress::parse(alert.targets[0].address);
    EXPECT_EQ(flow.has_value(), named);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyTicket, testing::Range(0, 8));

}  // namespace
}  // namespace exhibit
