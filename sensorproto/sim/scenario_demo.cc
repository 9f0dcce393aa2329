#include <functional>

#include "base/text.h"
#include "sensorproto/sim/scenario.h"

/// The demonstration's story: every way an alert and its capture can go, in a few seconds.
namespace exhibit::sim {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::string_view web_host = "www.example.com";

std::string http_request(std::string_view target, std::string_view more = {}) {
  return cat("GET ", target, " HTTP/1.0\r\nHost: ", web_host, "\r\nUser-Agent: Mozilla/4.0 (compatible)\r\n", more,
             "\r\n");
}

std::string http_answer(int status, std::string_view reason, std::string_view body) {
  return cat("HTTP/1.1 ", status, " ", reason,
             "\r\nServer: Apache/2.4.10\r\nContent-Type: text/html\r\nContent-Length: ", body.size(),
             "\r\nConnection: close\r\n\r\n", body);
}

std::string not_found_body(std::string_view path) {
  return cat(
      "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>404 Not Found</title>\n"
      "</head><body>\n<h1>Not Found</h1>\n<p>The requested URL ",
      path, " was not found on this server.</p>\n</body></html>\n");
}

/// The target acknowledges, answers after `delay`, and both close.
std::vector<Heard> answered(TcpTalk& talk, std::string_view answer, std::chrono::nanoseconds delay,
                            std::chrono::nanoseconds start = 0ns) {
  constexpr std::uint8_t ack = TcpTalk::ack, fin_ack = TcpTalk::fin | TcpTalk::ack;
  return {{start + 300us, talk.target("", ack)},
          {start + delay, talk.target(answer)},
          {start + delay + 9ms, talk.attacker("", ack)},
          {start + delay + 10ms, talk.target("", fin_ack)},
          {start + delay + 19ms, talk.attacker("", fin_ack)},
          {start + delay + 20ms, talk.target("", ack)}};
}

void append(std::vector<Heard>& to, std::vector<Heard> more) {
  for (Heard& heard : more) to.push_back(std::move(heard));
}

/// A whole further connection: handshake, request, answer.
std::vector<Heard> visit(const Peer& attacker, const Peer& target, std::string_view request, std::string_view answer,
                         std::chrono::nanoseconds start) {
  TcpTalk talk(attacker, target);
  std::vector<Heard> all{{start, talk.attacker("", TcpTalk::syn)},
                         {start + 400us, talk.target("", TcpTalk::syn | TcpTalk::ack)},
                         {start + 9ms, talk.attacker("", TcpTalk::ack)},
                         {start + 10ms, talk.attacker(request)}};
  append(all, answered(talk, answer, 30ms, start + 10ms));
  return all;
}

SimAlert web_alert(SimSignature signature, const Peer& attacker, const Peer& target, const std::string& request) {
  SimAlert alert{.signature = std::move(signature), .attacker = attacker, .targets = {target}, .os = "linux"};
  alert.trigger = TcpTalk(attacker, target).attacker(request);
  alert.from_attacker = request.substr(0, 256);
  return alert;
}

class Demo final : public Scenario {
 public:
  explicit Demo(milliseconds life) : life_(life) {
    beats_ = {{0ms, &Demo::overwritten},
              {250ms, &Demo::ring_turns},
              {500ms, &Demo::phf},
              {700ms, &Demo::shared_cmd},
              {750ms, &Demo::no_packet},
              {900ms, &Demo::ftp_guess},
              {1000ms, &Demo::syn_flood},
              {1100ms, &Demo::shared_iis},
              {1200ms, &Demo::ping},
              {1300ms, &Demo::early_start},
              {1400ms, &Demo::shared_passwd},
              {1600ms, &Demo::silent},
              {1700ms, &Demo::ftp_guess},
              {1800ms, &Demo::hostile},
              {2200ms, &Demo::ftp_guess},
              {1300ms + life_ + 200ms, &Demo::early_alert},
              {2200ms + life_, &Demo::flood_summary}};
  }

  bool play(Stage& stage, milliseconds after, WallTime now) override {
    now_ = now;
    while (next_ < beats_.size() && beats_[next_].at <= after) std::invoke(beats_[next_++].play, this, stage);
    return next_ < beats_.size();
  }

 private:
  struct Beat {
    milliseconds at;
    void (Demo::*play)(Stage&);
  };

  void overwritten(Stage& stage);
  void ring_turns(Stage& stage) { stage.fill_ring(); }
  void phf(Stage& stage);
  void shared_cmd(Stage& stage);
  void shared_iis(Stage& stage);
  void shared_passwd(Stage& stage);
  void no_packet(Stage& stage);
  void ftp_guess(Stage& stage);
  void syn_flood(Stage& stage);
  void flood_summary(Stage& stage);
  void ping(Stage& stage);
  void early_start(Stage& stage);
  void early_alert(Stage& stage);
  void silent(Stage& stage);
  void hostile(Stage& stage);

  const milliseconds life_;
  std::vector<Beat> beats_;
  std::size_t next_ = 0;
  WallTime now_, early_seen_;
  std::uint64_t flood_alert_ = 0, early_log_ = 0;
  std::uint16_t guesses_ = 0;
};

/// A short log whose end nobody hears of, and which others overwrite before the client's patience has come.
void Demo::overwritten(Stage& stage) {
  const Peer attacker{"192.0.2.90", 51544}, target{"198.51.100.24", 445};
  TcpTalk talk(attacker, target);
  const std::string negotiate(
      "\0\0\0\x2f\xffSMB\x72\0\0\0\0\x18\x53\xc8\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xfe\0\0\0\0\0\x0c\0\x02NT LM 0.12\0",
      51);
  SimAlert alert{.signature = {.id = 5575,
                               .name = "SMB Remote Srvsvc Service Access Attempt",
                               .details = "SMB negotiate, then srvsvc",
                               .version = "S262",
                               .created = "20061215",
                               .mars_category = "Penetrate/SMB"},
                 .risk = 90,
                 .threat = 90,
                 .attacker = attacker,
                 .targets = {target},
                 .os = "windows-nt-2k-xp"};
  alert.trigger = talk.attacker(negotiate);
  const Recording recording{.traffic = {{300us, talk.target("", TcpTalk::ack)}}, .silent = true, .life = 100ms};
  stage.raise(alert, recording);
}

void Demo::phf(Stage& stage) {
  const Peer attacker{"192.0.2.10", 40112}, target{"198.51.100.20", 80};
  const std::string path = "/cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd";
  const std::string request = http_request(path, "Cookie: sid=4f1d9a77c2e0\r\n");
  SimAlert alert = web_alert({.id = 3200, .name = "WWW phf", .details = "GET /cgi-bin/phf"}, attacker, target, request);
  TcpTalk talk(attacker, target);
  (void)talk.attacker(request);
  const std::string refusal = http_answer(404, "Not Found", not_found_body("/cgi-bin/phf"));
  Recording recording{.traffic = answered(talk, refusal, 41ms)};
  for (std::uint16_t i = 1; i <= 3; ++i) {
    const std::string other = cat("/cgi-bin/", i == 1 ? "test-cgi" : i == 2 ? "nph-test-cgi" : "php.cgi");
    append(recording.traffic,
           visit({attacker.address, static_cast<std::uint16_t>(attacker.port + i)}, target, http_request(other),
                 http_answer(404, "Not Found", not_found_body(other)), i * life_ / 5));
  }
  stage.raise(alert, recording);
}

/// Three incidents of one attacker share one log: two attacks on one server, one on another.
void Demo::shared_cmd(Stage& stage) {
  const Peer attacker{"192.0.2.77", 33011}, target{"198.51.100.21", 80};
  const std::string request = http_request("/scripts/..%255c../winnt/system32/cmd.exe?/c+dir");
  SimAlert alert = web_alert({.id = 5081, .name = "WWW WinNT cmd.exe Access", .details = "cmd.exe", .version = "S2"},
                             attacker, target, request);
  alert.os = "windows-nt-2k-xp";
  TcpTalk talk(attacker, target);
  (void)talk.attacker(request);
  stage.raise(alert,
              Recording{.traffic = answered(talk, http_answer(404, "Not Found", not_found_body("/scripts/")), 18ms)});
}

void Demo::shared_iis(Stage& stage) {
  const Peer attacker{"192.0.2.77", 33040}, target{"198.51.100.21", 80};
  const std::string request = http_request("/scripts/..%c0%af../winnt/system32/ping.exe");
  SimAlert alert = web_alert({.id = 5114, .name = "WWW IIS Unicode Attack", .details = "%c0%af", .version = "S2"},
                             attacker, target, request);
  alert.os = "windows-nt-2k-xp";
  alert.actions = {"cid:denyPacketRequestedNotPerformed"};
  TcpTalk talk(attacker, target);
  (void)talk.attacker(request);
  stage.raise(alert, Recording{.traffic = answered(talk, http_answer(403, "Forbidden", "<h1>Forbidden</h1>\n"), 12ms)});
}

void Demo::shared_passwd(Stage& stage) {
  const Peer attacker{"192.0.2.77", 33102}, target{"198.51.100.22", 80};
  const std::string request =
      http_request("/download.php?file=../../../../etc/passwd", "Authorization: Basic YWRtaW46aHVudGVyMg==\r\n");
  SimAlert alert = web_alert({.id = 3201, .name = "Unix Password File Access Attempt", .details = "/etc/passwd"},
                             attacker, target, request);
  alert.risk = alert.threat = 95;
  alert.vlan = 120;
  alert.trigger = TcpTalk(attacker, target, 120).attacker(request);
  TcpTalk talk(attacker, target, 120);
  (void)talk.attacker(request);
  const std::string file =
      "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
      "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nkim:x:1000:1000:Kim:/home/kim:/bin/bash\n";
  stage.raise(alert, Recording{.traffic = answered(talk, http_answer(200, "OK", file), 23ms)});
}

void Demo::no_packet(Stage& stage) {
  SimAlert alert{.signature = {.id = 2152,
                               .name = "ICMP Flood",
                               .details = "More than 60 echo requests a second",
                               .version = "S54",
                               .type = "anomaly",
                               .created = "20030801",
                               .mars_category = "DoS/Network"},
                 .protocol = "icmp",
                 .risk = 75,
                 .threat = 75,
                 .attacker = {"192.0.2.55", 0},
                 .targets = {{"198.51.100.20", 0}},
                 .os = "linux"};
  stage.raise(alert, std::nullopt);
}

/// Called three times: the alerts join one incident, and each lengthens the one log.
void Demo::ftp_guess(Stage& stage) {
  constexpr std::string_view words[] = {"letmein", "hunter2", "Passw0rd"};
  const std::uint16_t turn = guesses_++;
  const Peer attacker{"192.0.2.31", static_cast<std::uint16_t>(46200 + turn)}, target{"198.51.100.23", 21};
  const std::string command = cat("PASS ", words[turn % 3], "\r\n");
  SimAlert alert{.signature = {.id = 6250,
                               .name = "FTP Authorization Failure",
                               .details = "Failed FTP logins of one host",
                               .version = "S37",
                               .created = "20010202",
                               .mars_category = "Penetrate/GuessPassword/System/Non-root"},
                 .risk = 80,
                 .threat = 80,
                 .attacker = attacker,
                 .targets = {target},
                 .os = "linux"};
  TcpTalk talk(attacker, target);
  alert.trigger = talk.attacker(command);
  stage.raise(alert, Recording{.traffic = answered(talk, "530 Login incorrect.\r\n", 350ms)});
}

void Demo::syn_flood(Stage& stage) {
  const Peer attacker{"192.0.2.140", 1025}, target{"198.51.100.28", 3306};
  TcpTalk talk(attacker, target);
  SimAlert alert{.signature = {.id = 6009,
                               .name = "SYN Flood DOS",
                               .details = "Half-open connections to one port",
                               .version = "S593",
                               .type = "anomaly",
                               .created = "20110909",
                               .mars_category = "DoS/Network/TCP"},
                 .risk = 72,
                 .threat = 72,
                 .attacker = attacker,
                 .targets = {target}};
  alert.trigger = talk.attacker("", TcpTalk::syn);
  Recording recording{.traffic = {{250us, talk.target("", TcpTalk::rst | TcpTalk::ack)}}};
  for (std::uint16_t i = 1; i <= 40; ++i) {
    TcpTalk other({attacker.address, static_cast<std::uint16_t>(attacker.port + i)}, target);
    recording.traffic.push_back({i * 9ms, other.attacker("", TcpTalk::syn)});
    recording.traffic.push_back({i * 9ms + 250us, other.target("", TcpTalk::rst | TcpTalk::ack)});
  }
  flood_alert_ = stage.raise(alert, recording);
}

/// A summary brings neither packet nor log; it belongs to the incident of its initial alert.
void Demo::flood_summary(Stage& stage) {
  SimAlert alert{.signature = {.id = 6009,
                               .name = "SYN Flood DOS",
                               .details = "Half-open connections to one port",
                               .version = "S593",
                               .type = "anomaly",
                               .created = "20110909",
                               .mars_category = "DoS/Network/TCP"},
                 .risk = 72,
                 .threat = 72,
                 .attacker = {"192.0.2.140", 1025},
                 .targets = {{"198.51.100.28", 3306}}};
  alert.summary = SimSummary{.initial_alert = flood_alert_, .count = 212, .final = true};
  stage.raise(alert, std::nullopt);
}

void Demo::ping(Stage& stage) {
  SimAlert alert{.signature = {.id = 2004,
                               .name = "ICMP Echo Request",
                               .details = "ICMP Echo Request",
                               .version = "S1",
                               .type = "other",
                               .created = "20001127",
                               .mars_category = "Info/AllSession"},
                 .severity = "informational",
                 .protocol = "icmp",
                 .risk = 25,
                 .threat = 25,
                 .attacker = {"192.0.2.61", 0},
                 .targets = {{"198.51.100.20", 0}},
                 .os = "linux"};
  alert.trigger = icmp_echo("192.0.2.61", "198.51.100.20", 7);
  stage.raise(alert, std::nullopt);
}

constexpr std::string_view heartbeat_hello("\x18\x03\x02\x00\x03\x01\x40\x00", 8);

/// A log that completes, and is announced, before the alert that names it is composed.
void Demo::early_start(Stage& stage) {
  const Peer attacker{"192.0.2.120", 58731}, target{"198.51.100.25", 443};
  TcpTalk talk(attacker, target);
  early_seen_ = now_;
  std::vector<Heard> traffic{{1ms, talk.attacker(heartbeat_hello)},
                             {1ms + 300us, talk.target("", TcpTalk::ack)},
                             {8ms, talk.target(std::string_view("\x15\x03\x02\x00\x02\x02\x0a", 7))},
                             {9ms, talk.target("", TcpTalk::fin | TcpTalk::ack)},
                             {17ms, talk.attacker("", TcpTalk::fin | TcpTalk::ack)}};
  early_log_ = stage.record(attacker.address, Recording{.traffic = std::move(traffic)});
}

void Demo::early_alert(Stage& stage) {
  const Peer attacker{"192.0.2.120", 58731}, target{"198.51.100.25", 443};
  SimAlert alert{.signature = {.id = 4187,
                               .name = "OpenSSL TLS Heartbeat Information Disclosure",
                               .details = "Heartbeat request longer than its record",
                               .version = "S785",
                               .created = "20140410",
                               .mars_category = "Info/Misc"},
                 .risk = 90,
                 .threat = 90,
                 .attacker = attacker,
                 .targets = {target},
                 .os = "linux"};
  alert.actions = {"sd:ipLoggingActivated", "cid:logAttackerPacketsActivated"};
  alert.trigger = TcpTalk(attacker, target).attacker(heartbeat_hello);
  stage.raise_naming(alert, early_log_, early_seen_);
}

/// No answer stands in the capture, and its completion is never announced.
void Demo::silent(Stage& stage) {
  const Peer attacker{"203.0.113.66", 60990}, target{"198.51.100.26", 80};
  const std::string request = http_request("/item.asp?id=1%20UNION%20SELECT%20name,password%20FROM%20users--");
  SimAlert alert = web_alert({.id = 5930,
                              .sub_id = 11,
                              .name = "Generic SQL Injection",
                              .details = "UNION SELECT in a query",
                              .version = "S518",
                              .created = "20070622"},
                             attacker, target, request);
  TcpTalk talk(attacker, target);
  (void)talk.attacker(request);
  Recording recording{.silent = true};
  for (const auto pause : {200ms, 600ms, 1400ms}) recording.traffic.push_back({pause, talk.attacker_again(request)});
  stage.raise(alert, recording);
}

/// Foreign text that tries to become markup, a link, a terminal command or another reading order.
void Demo::hostile(Stage& stage) {
  const Peer attacker{"192.0.2.200", 41414}, target{"198.51.100.27", 8080};
  const std::string request =
      cat("GET /search?q=<script>alert(document.cookie)</script>&next=javascript:alert(1) HTTP/1.1\r\nHost: ", web_host,
          "\r\nUser-Agent: \x1b]0;owned\x07\x1b[2J<img src=x onerror=alert(1)>\r\nReferer: http://evil.example/"
          "\xe2\x80\xae"
          "gpj.exe\r\nX-Card: 4111111111111111\r\n\r\n");
  SimAlert alert = web_alert({.id = 5474,
                              .sub_id = 1,
                              .name = "SQL Query <b>in</b> HTTP Request & \"quotes\"",
                              .details = "<script>",
                              .version = "S199"},
                             attacker, target, request);
  TcpTalk talk(attacker, target);
  (void)talk.attacker(request);
  stage.raise(
      alert, Recording{.traffic = answered(talk, http_answer(400, "Bad Request", "<script>alert(2)</script>\n"), 6ms)});
}

}  // namespace

std::unique_ptr<Scenario> demo_scenario(milliseconds log_life) { return std::make_unique<Demo>(log_life); }

}  // namespace exhibit::sim
