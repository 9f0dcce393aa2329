// Every packet of the public capture corpus, decoded by us and by TShark, value by value. The corpus is not part of the
// repository: EXHIBIT_CORPUS names the folder that holds pcap/ with NAME and NAME.oracle.jsonl.

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"
#include "packet/capture_read.h"
#include "packet/decode.h"
#include "packet/summary.h"
#include "proof.h"

namespace exhibit {
namespace {

namespace fs = std::filesystem;
using Values = std::multiset<std::string>;
/// Field of the contract → its values in one frame.
using Fields = std::map<std::string, Values>;

struct Count {
  std::uint64_t compared = 0, equal = 0;
  std::vector<std::string> differences;
};

std::string read_whole(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> values_of(const Json& frame, const std::string& key) {
  const auto found = frame.find(key);
  if (found == frame.end()) return {};
  if (found->is_string()) return {found->get<std::string>()};
  return found->get<std::vector<std::string>>();
}

/// How many headers of a protocol stand before the ICMP error that quotes a packet; all, if none does.
struct Unquoted {
  explicit Unquoted(const Json& frame) {
    names = split(frame.at("frame.protocols").get_ref<const std::string&>(), ":");
    end = names.size();
    for (std::size_t i = 0; i + 1 < names.size(); ++i)
      if ((names[i] == "icmp" || names[i] == "icmpv6") && (names[i + 1] == "ip" || names[i + 1] == "ipv6")) {
        end = i;
        quotes = true;
        break;
      }
  }
  [[nodiscard]] std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(std::count(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(end), name));
  }
  [[nodiscard]] std::vector<std::string> kept(std::vector<std::string> values, std::string_view protocol) const {
    if (quotes) values.resize(std::min(values.size(), count(protocol)));
    return values;
  }

  std::vector<std::string_view> names;
  std::size_t end = 0;
  bool quotes = false;
};

Fields told_by_oracle(const Json& frame) {
  const Unquoted unquoted(frame);
  Fields fields;
  const auto add = [&](const char* ours, const char* theirs, std::string_view protocol) {
    for (std::string& value : unquoted.kept(values_of(frame, theirs), protocol)) fields[ours].insert(std::move(value));
  };
  for (const auto& [ours, theirs] :
       {std::pair{"length", "frame.len"}, {"captured", "frame.cap_len"}, {"time", "frame.time_epoch"}})
    for (std::string& value : values_of(frame, theirs)) fields[ours].insert(std::move(value));
  add("vlan", "vlan.id", "vlan");
  add("vlan", "ieee8021ad.id", "ieee8021ad");
  for (const char* ip : {"ip", "ipv6"}) {
    add("ip.src", cat(ip, ".src").c_str(), ip);
    add("ip.dst", cat(ip, ".dst").c_str(), ip);
  }
  for (const char* transport : {"tcp", "udp", "sctp"}) {
    add("ports.src", cat(transport, ".srcport").c_str(), transport);
    add("ports.dst", cat(transport, ".dstport").c_str(), transport);
  }
  const auto flags = unquoted.kept(values_of(frame, "tcp.flags"), "tcp");
  if (!flags.empty()) fields["tcp_flags"].insert(std::to_string(std::stoul(flags.back(), nullptr, 16)));
  if (unquoted.quotes) return fields;  // Application values of such a frame are the quoted packet's.
  for (const auto& [ours, theirs] : {std::pair{"dns", "dns.qry.name"},
                                     {"http.method", "http.request.method"},
                                     {"http.uri", "http.request.uri"},
                                     {"http.host", "http.host"},
                                     {"http.status", "http.response.code"},
                                     {"sni", "tls.handshake.extensions_server_name"}})
    for (std::string& value : values_of(frame, theirs)) fields[ours].insert(std::move(value));
  return fields;
}

/// From the very line that `exhibit decode --json` prints.
Fields told_by_us(const Json& line) {
  Fields fields;
  const auto add = [&](const std::string& name, const Json& value) {
    if (value.is_null()) return;
    fields[name].insert(value.is_string() ? value.get<std::string>() : value.dump());
  };
  for (const char* name : {"length", "captured", "time", "tcp_flags", "sni"}) add(name, line.at(name));
  for (const char* name : {"vlan", "dns"})
    for (const Json& value : line.at(name)) add(name, value);
  for (const char* name : {"ip", "ports"})
    for (const Json& pair : line.at(name)) {
      add(cat(name, ".src"), pair.at("src"));
      add(cat(name, ".dst"), pair.at("dst"));
    }
  if (line.at("http").is_object())
    for (const char* name : {"method", "uri", "host", "status"}) add(cat("http.", name), line.at("http").at(name));
  return fields;
}

std::string shown(const Values& values) {
  std::string out;
  for (const std::string& value : values) out += cat(out.empty() ? "" : " ", cut_utf8(value, 80));
  return out.empty() ? "(nothing)" : out;
}

void compare(const std::string& where, const Fields& oracle, const Fields& ours, Count& count) {
  std::set<std::string> names;
  for (const auto& [name, values] : oracle) names.insert(name);
  for (const auto& [name, values] : ours) names.insert(name);
  for (const std::string& name : names) {
    const Values theirs = oracle.contains(name) ? oracle.at(name) : Values{};
    const Values mine = ours.contains(name) ? ours.at(name) : Values{};
    Values common;
    std::set_intersection(theirs.begin(), theirs.end(), mine.begin(), mine.end(), std::inserter(common, common.end()));
    count.compared += std::max(theirs.size(), mine.size());
    count.equal += common.size();
    if (theirs != mine)
      count.differences.push_back(cat(where, " ", name, ": TShark ", shown(theirs), ", ours ", shown(mine)));
  }
}

std::vector<Fields> decode_file(const std::string& file) {
  std::vector<Fields> frames;
  auto reader = CaptureReader::open(as_bytes(file));
  if (!reader) return frames;
  while (const auto packet = reader->next()) {
    const Decoded decoded = decode(packet->bytes, packet->link_type, packet->length);
    const std::string line = decode_json_line(*packet, decoded);
    const auto parsed = parse_json(line);
    EXPECT_TRUE(parsed) << line;
    if (parsed) frames.push_back(told_by_us(*parsed));
  }
  return frames;
}

void compare_file(const fs::path& capture, Count& count) {
  const std::vector<Fields> ours = decode_file(read_whole(capture));
  std::ifstream lines(capture.string() + ".oracle.jsonl");
  std::string line;
  std::size_t frame = 0;
  for (; std::getline(lines, line); ++frame)
    compare(cat(capture.filename().string(), " #", frame + 1), told_by_oracle(Json::parse(line)),
            frame < ours.size() ? ours[frame] : Fields{}, count);
  for (; frame < ours.size(); ++frame)
    compare(cat(capture.filename().string(), " #", frame + 1), {}, ours[frame], count);
}

bool is_damaged(const std::string& name) {
  return name.starts_with("bad-") || name.starts_with("fuzz-") || name.starts_with("trunc-");
}

/// Solaris snoop is no pcap; 802.11 is not among the links that IP logs come from.
bool is_left_out(const std::string& name) { return name == "pcap-snoop.snoop" || name == "link-radiotap.pcap"; }

std::vector<fs::path> captures() {
  std::vector<fs::path> found;
  const char* corpus = std::getenv("EXHIBIT_CORPUS");
  if (corpus == nullptr) return found;
  for (const auto& entry : fs::directory_iterator(fs::path(corpus) / "pcap"))
    if (entry.path().extension() != ".jsonl" && fs::exists(entry.path().string() + ".oracle.jsonl"))
      found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

void print(const char* what, const Count& count) {
  const double share =
      count.compared == 0 ? 0 : 100.0 * static_cast<double>(count.equal) / static_cast<double>(count.compared);
  std::cout << what << ": " << count.equal << " of " << count.compared << " values equal (" << share << " %)\n";
  for (const std::string& difference : count.differences) std::cout << "  " << harmless(difference) << "\n";
}

class Corpus : public testing::Test {
 protected:
  void SetUp() override {
    if (captures().empty()) GTEST_SKIP() << "skipped: EXHIBIT_CORPUS does not name a folder with pcap/";
  }
};

TEST_F(Corpus, AgreesWithTSharkInAtLeast995Of1000Values) {
  Count sound, damaged;
  for (const fs::path& capture : captures()) {
    const std::string name = capture.filename().string();
    if (!is_left_out(name)) compare_file(capture, is_damaged(name) ? damaged : sound);
  }
  print("sound captures", sound);
  print("damaged captures (counted apart)", damaged);
  EXPECT_GT(sound.compared, 10'000U);
  const bool agrees = static_cast<double>(sound.equal) >= 0.995 * static_cast<double>(sound.compared);
  EXPECT_TRUE(agrees);
  test::proved("P12", sound.compared, agrees ? 0 : sound.compared - sound.equal);
}

TEST_F(Corpus, EveryFileEndsByItselfInUnderASecond) {
  for (const fs::path& capture : captures()) {
    const std::string file = read_whole(capture);
    const auto begin = std::chrono::steady_clock::now();
    auto reader = CaptureReader::open(as_bytes(file));
    while (reader) {
      const auto packet = reader->next();
      if (!packet) break;
      const Decoded decoded = decode(packet->bytes, packet->link_type, packet->length);
      ASSERT_LE(decoded.layers.size(), 32U);
      ASSERT_TRUE(is_utf8(decode_text_line(*packet, decoded)));
      for (const std::string& line : layered_text(decoded, packet->bytes)) ASSERT_TRUE(is_utf8(line));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1)) << capture.filename();
  }
}

}  // namespace
}  // namespace exhibit
