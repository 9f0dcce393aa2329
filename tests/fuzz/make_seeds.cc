// Makes tests/fuzz/seeds anew from the texts and packets of our own tests: `make_seeds tests/fuzz/seeds`. What the
// fuzzers find themselves goes to crashes/, which only grows.

#include <filesystem>
#include <fstream>

#include "base/frame.h"
#include "packet/capture_read.h"
#include "packet/capture_write.h"
#include "tests/packet/compose.h"
#include "tests/support/phf_alert.h"

namespace {

using namespace exhibit;

std::filesystem::path root;

void seed(const std::string& target, const std::string& name, std::string_view bytes) {
  std::filesystem::create_directories(root / target);
  std::ofstream(root / target / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// How fuzz_input.h takes a text.
std::string held(std::string_view text) {
  const std::string_view cut = text.substr(0, 254);
  return cat(static_cast<char>(cut.size()), cut);
}

std::string text_of(const Bytes& bytes) { return std::string(as_text(bytes)); }

std::string answer(std::string_view inside) {
  return cat(
      "<?xml version=\"1.0\"?><env:Envelope xmlns:env='e'><env:Body><sd:events xmlns:sd='s' remaining-events='2'>",
      inside, "</sd:events></env:Body></env:Envelope>");
}

void xml() {
  const test::AlertXml alert;
  const std::string status =
      "<sd:evStatus eventId='7'><sd:originator><sd:hostId>h</sd:hostId></sd:originator><sd:time>1</sd:time>"
      "<cid:ipLogCompleted><cid:ipLogId>17</cid:ipLogId></cid:ipLogCompleted></sd:evStatus>";
  const std::string error =
      "<evError eventId='8' severity='warning'><errorMessage name='errX'>ipLogId=9 refused</errorMessage></evError>";
  for (const char* target : {"sdee_document", "pre_scan"}) {
    seed(target, "alert", answer(alert.text()));
    seed(target, "status_and_error", answer(status + error));
    seed(target, "bad_beside_good", answer(cat("<sd:evIdsAlert eventId='1'><a></sd:evIdsAlert>", status)));
    seed(target, "fault",
         "<Envelope><Body><Fault><Code><Value>env:Sender</Value><Subcode><Value>errNotFound</Value></Subcode></Code>"
         "<Reason><Text>gone</Text></Reason></Fault></Body></Envelope>");
    seed(target, "characters",
         "<events><evX eventId='1'>a&#0;b&#x1b;&amp;\xC3\x28<![CDATA[<x>]]><!-- - --></evX></events>");
    seed(target, "pieces",
         "<?xml version='1.0'?>\r\n<events><evIdsAlert eventId='&#49;' a:b=' \t\r\n&quot;'><time>1<!-- - -->2</time>"
         "<triggerPacket> <![CDATA[QUJD]]></triggerPacket><alertDetails>&lt;a&#x1F600;&no;<b>c</b>\r\n<?d "
         "e?>f</alertDetails>"
         "</evIdsAlert><remaining-events>7</remaining-events></events>");
    seed(target, "bare_event", error);
  }
  const auto step = [](int status_index, int kind, std::string_view inside) {
    return cat('\x01', static_cast<char>(status_index), held("session=1; path=/"), static_cast<char>(kind),
               held(inside));
  };
  seed("sensor_answer", "opened_and_read", cat('\x01', step(0, 0, "s-1"), step(0, 1, error), '\x01'));
  seed("sensor_answer", "refused", cat('\x01', step(3, 3, ""), step(3, 3, "")));
  seed("sensor_answer", "not_found", cat('\x01', step(0, 0, "s-1"), step(0, 2, "errNotFound")));
  seed("sensor_answer", "log", cat('\x04', '\x40', text_of(capture_header(1)), "x"));
  seed("sensor_answer", "log_gone", cat('\x04', '\x04', "<error>errNotFound</error>"));
}

void packets() {
  namespace c = compose;
  const std::string alert_packet = text_of(test::frame(test::phf_request()));
  seed("decode_packet", "http", cat('\0', alert_packet));
  seed("decode_packet", "raw_ip", cat('\x09', std::string_view(alert_packet).substr(14)));
  seed("decode_packet", "guessed", cat('\x11', alert_packet));
  seed("decode_packet", "dns",
       cat('\0', text_of(c::eth(0x0800, c::ipv4({.protocol = ip_protocol::udp},
                                                c::udp(40112, 53, c::dns_query(c::name({"www", "example"}))))))));
  seed("decode_packet", "tls",
       cat('\0', text_of(c::eth(0x0800, c::ipv4({}, c::tcp({}, c::client_hello("a.example")))))));
  Bytes file = capture_header(link_type::ethernet);
  append_packet(file, wall_from_ns(1'795'313'561'123'000'000), test::frame(test::phf_request()));
  append_packet(file, wall_from_ns(1'795'313'561'164'000'000),
                test::frame("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n", 40112, 80, true));
  seed("capture_read", "pcap", text_of(file));
  const auto u32 = [](std::uint32_t n) {
    return std::string{static_cast<char>(n), static_cast<char>(n >> 8), static_cast<char>(n >> 16),
                       static_cast<char>(n >> 24)};
  };
  const std::string section =
      cat(u32(0x0A0D0D0A), u32(28), u32(0x1A2B3C4D), u32(1), u32(0xFFFFFFFF), u32(0xFFFFFFFF), u32(28));
  const std::string interface = cat(u32(1), u32(20), u32(1), u32(0), u32(20));
  const std::string packet = cat(u32(6), u32(48), u32(0), u32(0), u32(1), u32(14), u32(60),
                                 std::string_view(alert_packet).substr(0, 14), std::string(2, '\0'), u32(48));
  seed("capture_read", "pcapng", cat(section, interface, packet));
  seed("base64", "packet", cat('\xFF', encode_base64(test::frame(test::phf_request()))));
  seed("base64", "in_lines", cat('\x10', "QUJD\r\n REVG\r\n RA==\r\n"));
  seed("base64", "over_the_bound", cat('\x01', encode_base64(Bytes(40, 7))));
}

void runner() {
  Message message{
      .kind = FrameKind::result, .call = 7, .payload = R"({"rc":0,"result":{"ticket":"7","number":"INC7"}})"};
  seed("runner_frames", "one", cat('\x01', held(frames_of(message).front())));
  std::string more = frames_of(message).front();
  more[6] = 1;
  seed("runner_frames", "two", cat('\x02', held(more), held(frames_of(message).front())));
  seed("runner_frames", "result",
       cat('\0', R"({"rc":1,"requests":2,"result":{"cause":"rate-limited","retry_after_ms":5000}})"));
  seed(
      "runner_frames", "poll",
      cat('\0', R"({"cursor":{"seen":{"7":"t#1"}},"more":false,"tickets":[{"ticket":"7","state":"open","closed":true,)",
          R"("comments":[{"id":"1","author":"kim","text":"seen","at":"2026-11-22T02:12:41Z","public":true}]}]})"));
  seed("json", "members", R"({"a":[1,2.5e3,-0],"b\u00e9":{"c":null},"d":"x\"\\\n","a":true})");
  seed("json", "nothing", R"([{"a":{"a":{}}},""])");
}

void settings() {
  seed("config", "host",
       cat('\0',
           "public_url: https://ev.msp.example\nstate: /var/lib/exhibit\nweb: {listen: 0.0.0.0:8443, certificate: "
           "c.pem, "
           "key: k.pem}\nusers: [{name: kim, scrypt: \"scrypt$x\", tenants: [acme], role: analyst}]\ndesks:\n  snow: "
           "{adapter: rest, profile: servicenow, url: https://a.example/, login: {user: x, password: {file: s}}}\n"));
  seed("config", "tenant",
       cat('\x01',
           "tenant: acme\nzone: Europe/Berlin\nnetworks: [198.51.100.0/24]\nsensors:\n  - {name: s1, kind: "
           "cisco-sdee, url: \"https://203.0.113.11\", login: {user: u, password: {env: PW}}}\ndesk: {use: snow, "
           "map: {company: 7c2a}, templates: {title: \"{{severity}}: {{title}}\"}}\n"));
  seed("config", "desk",
       cat('\x02',
           "name: snow\nadapter: rest\nprofile: servicenow\nurl: https://a.example\nlogin: {user: u, password: "
           "{env: PW}}\nsettle: 30 s\n"));
  seed(
      "profile", "small",
      R"({"name":"desk","text_format":"plain","values":{"x":"1"},"operations":{"find":{"method":"GET","path":"/t",)"
      R"("query":{"q":"{correlation_id}"},"rows":"/result","id":"/sys_id","equals":{"/correlation_id":"{correlation_id}"}},)"
      R"("create":{"method":"POST","path":"/t","body":{"title":"{title}","p":{"$number":"{priority}"}},"status":[201],)"
      R"("equals":{"/result/correlation_id":"{correlation_id}"},"id":"/result/sys_id","takes_fields":true},)"
      R"("note":{"method":"PUT","path":"/t/{ticket}","body":{"note":"{note}"},"matches":{"/ok":"^[a-z]+$"}}}})");
}

void peers() {
  for (char which = 0; which < 12; ++which)
    seed(
        "desk_answer", cat("json", static_cast<int>(which)),
        cat(static_cast<char>(which * 11), '\x01', '\0', held("https://desk.example/transaction/12"),
            R"({"result":[{"sys_id":"1","number":"INC1","correlation_id":"EXH1-AAAA","id":"1"}],"error":{"message":"m"}})"));
  seed("desk_answer", "page", cat('\0', '\x08', '\x01', held(""), "<html><h1>403</h1>"));
  seed("desk_answer", "token",
       cat('\0', '\0', '\0', held("3"), R"({"access_token":"t","expires_in":60,"refresh_token":"r"})"));
  seed("mail", "answer",
       cat('\0',
           "From: Kim <kim@msp.example>\r\nTo: desk+a@msp.example\r\nSubject: =?utf-8?q?Re=3A_x?= [EXH1-AAAA]\r\n"
           "In-Reply-To: <exh1.d-1@msp.example>\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n"
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nseen=20it\r\n"
           "> old\r\nOn Sun, x wrote:\r\n--b--\r\n"));
  seed("mail", "imap",
       cat('\x01',
           "* 3 EXISTS\r\n* OK [UIDVALIDITY 17] fine \"really\"\r\n* SEARCH 5 2 9\r\n* 1 FETCH (UID 5 BODY[HEADER]<0> "
           "{5}\r\nx1 OK BODY[TEXT]<0> \"a \\\"b\\\"\")\r\nA1 OK done\r\n"));
  seed("web_request", "path", cat('\x05', '\x40', "/e/k2qx5dm3jh4v6rtbznc7wpyaeu/packets?from=1&to=%32"));
  seed("web_request", "range", cat('\x04', '\x10', "0-99"));
  seed("web_request", "cookie", cat('\0', '\0', "a=1; __Host-s=x%2Fy; b=\"2\""));
}

void tickets() {
  std::string fields = cat('\xC1', held("118"), held("host"), '\1', '\2');
  for (const char* word : {"3200", "0", "WWW phf", "details", "S37"}) fields += held(word);
  const std::string attacker =
      cat('\0', held("http://a.example/<b>"), '\0', held("IN"), held("linux"), held("learned"));
  const std::string target = cat('\1', '\1', '\0', '\x50', held("OUT"), held(""), held(""));
  fields += cat('\1', '\x55', '\1', attacker, '\1', target, '\1', '\0', '\1', '\x11', held(""), '\0');
  for (const char* word : {"vs0", "ge0_1", "5", "tcp", "[code]x[/code] {noformat} ``` *a* www.b.example"})
    fields += held(word);
  fields += cat('\0', '\0', held("{{severity}} {{title}}"), held(""), held("{{sentence}}\n{{packet}}"), held(""));
  seed("ticket_text", "alert", cat(fields, as_text(test::frame(test::phf_request()))));
  seed("ticket_text", "empty", "");
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  root = words[1];
  xml();
  packets();
  runner();
  settings();
  peers();
  tickets();
  return 0;
}
