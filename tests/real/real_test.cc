#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "adapters/kit/fault_proxy.h"
#include "adapters/kit/kit_op.h"
#include "base/sha256.h"
#include "base/text.h"
#include "exhibit/adapter.h"
#include "tests/real/real_desk.h"
#include "tests/support/proof.h"

/// The REST adapter in its real runner against a real ticketing system that nobody here wrote: EXHIBIT_REAL says which.
namespace exhibit {
namespace {

using kit::Answer;
using kit::FaultProxy;
using kit::Op;
using test::RealDesk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* runner_path = EXHIBIT_BINARY_DIR "/bin/exhibit-adapter-runner";
constexpr const char* module_path = EXHIBIT_BINARY_DIR "/lib/libexhibit-adapter-rest.so";

/// Started once for the whole program.
class DeskOfThisRun : public ::testing::Environment {
 public:
  static std::unique_ptr<RealDesk> desk;
  static std::string why_not;

  void SetUp() override {
    const char* const name = std::getenv("EXHIBIT_REAL");
    desk = RealDesk::start(name == nullptr ? "rt" : name, why_not);
    if (!desk) std::cout << why_not << "\nevery test skipped\n";
  }
  void TearDown() override { desk.reset(); }
};
std::unique_ptr<RealDesk> DeskOfThisRun::desk;
std::string DeskOfThisRun::why_not;
const auto* const environment = ::testing::AddGlobalTestEnvironment(new DeskOfThisRun);

class RealTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!DeskOfThisRun::desk) GTEST_SKIP() << DeskOfThisRun::why_not;
    const Answer opened = runner.open(0, desk().config());
    ASSERT_EQ(opened.rc, EXH_OK) << opened.whole;
  }
  static RealDesk& desk() { return *DeskOfThisRun::desk; }
  /// A correlation id that no test used before.
  static std::string fresh() {
    static std::atomic<int> serial = 0;
    return cat("EXH1-", hex(sha256(cat("real", ++serial))).substr(0, 26));
  }
  static std::size_t tickets(const std::string& correlation) {
    return desk().tickets_by_correlation()[correlation].size();
  }
  static std::string pcap(std::size_t size, char seed) {
    std::string bytes = "\xd4\xc3\xb2\xa1";
    while (bytes.size() < size) bytes += static_cast<char>(static_cast<unsigned char>(seed) + bytes.size() * 131);
    return bytes;
  }

  kit::RunnerClient runner{runner_path, module_path};
};

TEST_F(RealTest, TheProbePassesAndWritesNothing) {
  const auto before = desk().tickets_by_correlation().size();
  const Answer probed = runner.probe(0);
  EXPECT_EQ(probed.rc, EXH_OK) << probed.whole;
  EXPECT_EQ(desk().tickets_by_correlation().size(), before);
}

TEST_F(RealTest, ATicketIsMadeOnceAndHoldsBothTexts) {
  const Op op = kit::ensure_op(fresh());
  const Answer made = kit::apply(runner, 0, op);
  ASSERT_EQ(made.rc, EXH_OK) << made.whole;
  EXPECT_FALSE(made.ticket.empty());
  EXPECT_THAT(made.url, HasSubstr(made.ticket));
  const Answer again = kit::apply(runner, 0, op);
  EXPECT_EQ(again.rc, EXH_OK) << again.whole;
  EXPECT_EQ(again.ticket, made.ticket);
  EXPECT_TRUE(again.already_there);
  EXPECT_EQ(kit::find(runner, 0, op).ticket, made.ticket);
  EXPECT_EQ(tickets(op.correlation_id), 1U);
  const Json asked = *parse_json(op.body_json),
             held = parse_json(runner.read(0, made.ticket).document).value_or(Json());
  EXPECT_EQ(held["title"], asked["title"]) << held;
  EXPECT_EQ(held["public_text"], asked["public_text"]);
  EXPECT_THAT(text_at(held, "internal_text"), HasSubstr(text_at(asked, "internal_text")));
  EXPECT_EQ(held["correlation_id"], op.correlation_id);
}

TEST_F(RealTest, AnUnknownFieldIsSeenBeforeASecondTicketCanBeMade) {
  ASSERT_EQ(runner.open(1, desk().config(desk().port(), desk().map_with_unknown_field())).rc, EXH_OK);
  const Op op = kit::ensure_op(fresh());
  const Answer first = kit::apply(runner, 1, op);
  EXPECT_TRUE(first.cause == "correlation-not-kept" || first.cause == "look-up-lies") << first.whole;
  EXPECT_NE(first.rc, EXH_OK);
  const Answer second = kit::apply(runner, 1, op);
  EXPECT_NE(second.rc, EXH_OK) << second.whole;
}

TEST_F(RealTest, ANoteIsWrittenOnceForWhomItIsMeant) {
  const Op op = kit::ensure_op(fresh());
  const std::string ticket = kit::apply(runner, 0, op).ticket;
  Op note = kit::note_op(op, ticket, fresh(), "CAPTURE READY: server answered <b>HTTP 404</b> & more.");
  EXPECT_EQ(kit::find(runner, 0, note).rc, EXH_ABSENT);
  ASSERT_EQ(kit::apply(runner, 0, note).rc, EXH_OK);
  EXPECT_EQ(kit::find(runner, 0, note).rc, EXH_OK);
  note.attempt = 2;
  const Answer again = kit::apply(runner, 0, note);
  EXPECT_EQ(again.rc, EXH_OK);
  EXPECT_TRUE(again.already_there);
  EXPECT_EQ(desk().notes_with(ticket, "CAPTURE READY"), 1U);
  const Op told = kit::note_op(op, ticket, fresh(), "For the customer.", true);
  ASSERT_EQ(kit::apply(runner, 0, told).rc, EXH_OK);
  EXPECT_EQ(desk().notes_with(ticket, "For the customer."), 1U);
  const Json held = parse_json(runner.read(0, ticket).document).value_or(Json());
  ASSERT_EQ(held["notes"].size(), 2U) << held;
  EXPECT_THAT(held["notes"][0].get<std::string>(), HasSubstr("server answered <b>HTTP 404</b> & more."));
}

TEST_F(RealTest, AFileComesBackByteForByteAndIsStoredOnce) {
  const Op op = kit::ensure_op(fresh());
  const std::string ticket = kit::apply(runner, 0, op).ticket, bytes = pcap(300'001, 'a');
  Op file = kit::attach_op(op, ticket, "capture.pcap", bytes);
  EXPECT_EQ(kit::find(runner, 0, file).rc, EXH_ABSENT);
  const Answer stored = kit::apply(runner, 0, file);
  ASSERT_EQ(stored.rc, EXH_OK) << stored.whole;
  EXPECT_EQ(kit::find(runner, 0, file).rc, EXH_OK);
  file.attempt = 2;
  EXPECT_TRUE(kit::apply(runner, 0, file).already_there);
  const auto files = desk().files(ticket);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(hex(sha256(files[0])), hex(sha256(bytes)));
  const Json held = parse_json(runner.read(0, ticket).document).value_or(Json());
  ASSERT_EQ(held["attachments"].size(), 1U) << held;
  EXPECT_EQ(held["attachments"][0]["sha256"], hex(sha256(bytes)));
  EXPECT_EQ(held["attachments"][0]["bytes"], bytes.size());
}

TEST_F(RealTest, ALinkIsANoteAndStaysOne) {
  const Op op = kit::ensure_op(fresh());
  const std::string ticket = kit::apply(runner, 0, op).ticket;
  Op link = kit::note_op(op, ticket, fresh(), "Packets: https://ev.example/e/abc");
  link.kind = EXH_OP_LINK;
  link.body_json.insert(1, R"("link":"https://ev.example/e/abc",)");
  ASSERT_EQ(kit::apply(runner, 0, link).rc, EXH_OK);
  link.attempt = 2;
  EXPECT_EQ(kit::apply(runner, 0, link).rc, EXH_OK);
  EXPECT_EQ(desk().notes_with(ticket, "Packets: https://ev.example/e/abc"), 1U);
}

TEST_F(RealTest, AStateIsSetAndARefusedOneIsSeen) {
  const Op op = kit::ensure_op(fresh());
  const std::string ticket = kit::apply(runner, 0, op).ticket;
  const Answer closed = kit::apply(runner, 0, kit::state_op(op, ticket, "closed"));
  EXPECT_EQ(closed.rc, EXH_OK) << closed.whole;
  EXPECT_TRUE(desk().is_closed(ticket));
  EXPECT_EQ(kit::apply(runner, 0, kit::state_op(op, ticket, "closed")).rc, EXH_OK);
  Op nonsense = kit::state_op(op, ticket, "closed");
  nonsense.body_json = R"({"state":"closed","fields":{"status_value":"4711"}})";
  const Answer refused = kit::apply(runner, 0, nonsense);
  EXPECT_EQ(refused.rc, EXH_REJECTED) << refused.whole;
  EXPECT_EQ(refused.cause, "not-applied");
  EXPECT_EQ(kit::find(runner, 0, op).ticket, ticket) << "a closed ticket hides from the search";
}

TEST_F(RealTest, APollTellsWhatPeopleDidAndNothingOfOurs) {
  const Op op = kit::ensure_op(fresh());
  const std::string ticket = kit::apply(runner, 0, op).ticket;
  ASSERT_EQ(kit::apply(runner, 0, kit::note_op(op, ticket, fresh(), "Our own note.")).rc, EXH_OK);
  const Json asked = {{"ticket", ticket}, {"correlation_id", op.correlation_id}};
  Json request = {{"tickets", Json::array({asked})}};
  const auto polled = [&] {
    const Answer answer = runner.poll(0, request.dump());
    EXPECT_EQ(answer.rc, EXH_OK) << answer.whole;
    Json document = parse_json(answer.document).value_or(Json());
    request["cursor"] = document["cursor"];
    return document["tickets"];
  };
  const Json first = polled();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0]["ticket"], ticket);
  EXPECT_EQ(first[0]["closed"], false);
  EXPECT_EQ(first[0]["comments"], Json::array()) << first;
  desk().analyst_says(ticket, "I looked: a false alarm.");
  desk().analyst_closes(ticket);
  const Json second = polled();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0]["closed"], true) << second;
  ASSERT_EQ(second[0]["comments"].size(), 1U) << second;
  EXPECT_EQ(second[0]["comments"][0]["text"], "I looked: a false alarm.");
  EXPECT_NE(second[0]["version"], first[0]["version"]);
  Json last = polled();  // Once more the same, since a stamp has a second's grain; then no more.
  EXPECT_TRUE(last.empty() || last[0]["version"] == second[0]["version"]) << last;
  EXPECT_TRUE(polled().empty());
}

/// Each request of each operation, cut in each way: what the engine then does must leave exactly one of everything.
TEST_F(RealTest, ACutAtAnyRequestOfAnyOperationLeavesOneOfEach) {
  FaultProxy proxy(desk().port());
  kit::RunnerClient cut_off(runner_path, module_path);
  ASSERT_EQ(cut_off.open(0, desk().config(proxy.port(), desk().map())).rc, EXH_OK);
  int cuts = 0;
  const auto each_cut = [&](const auto& operation) {
    proxy.arm(0, FaultProxy::Cut::none);
    operation();
    const int requests = proxy.requests();
    EXPECT_GT(requests, 0);
    for (const auto cut : {FaultProxy::Cut::before, FaultProxy::Cut::after, FaultProxy::Cut::in_answer})
      for (int request = 1; request <= requests; ++request, ++cuts) {
        SCOPED_TRACE(cat("request ", request, " of ", requests, ", cut ", static_cast<int>(cut)));
        proxy.arm(request, cut);
        operation();
      }
  };
  std::vector<std::string> correlations;
  each_cut([&] {
    const Op op = kit::ensure_op(fresh());
    correlations.push_back(op.correlation_id);
    const Answer answer = kit::deliver(cut_off, 0, op);
    EXPECT_EQ(answer.rc, EXH_OK) << answer.whole;
    EXPECT_EQ(desk().notes_with(answer.ticket, "192.0.2.10 asked for"), 1U) << answer.whole;
  });
  const Op op = kit::ensure_op(fresh());
  const std::string ticket = kit::deliver(cut_off, 0, op).ticket;
  each_cut([&] {
    const std::string text = fresh();
    const Answer answer = kit::deliver(cut_off, 0, kit::note_op(op, ticket, text, cat("Note ", text)));
    EXPECT_EQ(answer.rc, EXH_OK) << answer.whole;
    EXPECT_EQ(desk().notes_with(ticket, cat("Note ", text)), 1U);
  });
  std::size_t files = 0;
  each_cut([&] {
    const std::string name = cat(fresh(), ".pcap");
    const Answer answer = kit::deliver(cut_off, 0, kit::attach_op(op, ticket, name, pcap(5000, name[7])));
    EXPECT_EQ(answer.rc, EXH_OK) << answer.whole;
    EXPECT_EQ(desk().files(ticket).size(), ++files);
  });
  each_cut([&] {
    const Answer answer = kit::deliver(cut_off, 0, kit::state_op(op, ticket, "closed"));
    EXPECT_EQ(answer.rc, EXH_OK) << answer.whole;
  });
  auto all = desk().tickets_by_correlation();
  for (const std::string& correlation : correlations) EXPECT_EQ(all[correlation].size(), 1U) << correlation;
  std::cout << "cuts: " << cuts << ", tickets made through them: " << correlations.size() << '\n';
}

/// The runner dies at each request of an ensure; a new one takes over when the old one's last request has ended.
TEST_F(RealTest, ARunnerThatDiesAtAnyRequestCostsNoSecondTicket) {
  FaultProxy proxy(desk().port());
  std::vector<std::string> correlations;
  for (int request = 1; request <= 6; ++request) {
    proxy.arm(0, FaultProxy::Cut::none);
    Op op = kit::ensure_op(fresh());
    correlations.push_back(op.correlation_id);
    std::atomic<bool> ended = false;
    auto doomed = std::make_unique<kit::RunnerClient>(runner_path, module_path);
    ASSERT_EQ(doomed->open(0, desk().config(proxy.port(), desk().map())).rc, EXH_OK);
    std::thread sender([&] {
      (void)kit::apply(*doomed, 0, op);
      ended = true;
    });
    while (proxy.requests() < request && !ended) std::this_thread::yield();
    doomed->end();
    sender.join();
    doomed.reset();
    while (!proxy.idle()) std::this_thread::yield();
    op.attempt = 2;
    const Answer answer = kit::deliver(runner, 0, op);
    EXPECT_EQ(answer.rc, EXH_OK) << answer.whole;
    EXPECT_EQ(desk().notes_with(answer.ticket, "192.0.2.10 asked for"), 1U) << request;
  }
  auto all = desk().tickets_by_correlation();
  for (const std::string& correlation : correlations) EXPECT_EQ(all[correlation].size(), 1U) << correlation;
}

TEST_F(RealTest, FalseAnswersOverWhatTheDeskDidOrDidNotMakeOneTicket) {
  FaultProxy proxy(desk().port());
  kit::RunnerClient masked(runner_path, module_path);
  ASSERT_EQ(masked.open(0, desk().config(proxy.port(), desk().map())).rc, EXH_OK);
  ASSERT_EQ(masked.probe(0).rc, EXH_OK);
  std::vector<std::string> correlations;
  for (const auto cut : {FaultProxy::Cut::instead, FaultProxy::Cut::masked})
    for (const char* said :
         {"200 OK", "302 Found", "409 Conflict", "429 Too Many Requests", "500 Oops", "502 Bad", "503 Busy"}) {
      const Op op = kit::ensure_op(fresh());
      correlations.push_back(op.correlation_id);
      proxy.arm(2, cut,
                cat("HTTP/1.1 ", said,
                    "\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"));
      const Answer answer = kit::deliver(masked, 0, op);
      EXPECT_EQ(answer.rc, EXH_OK) << said << answer.whole;
    }
  auto all = desk().tickets_by_correlation();
  for (const std::string& correlation : correlations) EXPECT_EQ(all[correlation].size(), 1U) << correlation;
}

TEST_F(RealTest, HostileTextsComeBackAsTheyWere) {
  const std::vector<std::string> hostile = {
      "<script>alert(1)</script> '\"`--;/**/ OR 1=1\n{{7*7}} ${jndi:ldap://x} {noformat}{code}\n</pre><b>x</b><pre>",
      "]]> [x](javascript:a) *b* _c_ \\{\"$json\":1} {title} {{ticket}} %s %n\n\xE2\x80\xAE rtl \xF0\x9F\x92\xA9 "
      "\xC3\xBC",
      "```\n# x\n```\n&lt;b&gt; &amp;amp; &#39;\n{{include(x)}} #1 commit:abc !img! \"a\":http://x <code>x</code> "
      "<notextile>y"};
  for (const std::string& text : hostile) {
    Op op = kit::ensure_op(fresh());
    Json body = *parse_json(op.body_json);
    const std::string line = cat("x ", replace_all(text, "\n", " "), " y");
    body["title"] = line;
    body["public_text"] = cat(text, " y");
    body["internal_text"] = cat(text, " y");
    op.body_json = body.dump();
    const Answer made = kit::apply(runner, 0, op);
    ASSERT_EQ(made.rc, EXH_OK) << text << made.whole;
    ASSERT_EQ(kit::apply(runner, 0, kit::note_op(op, made.ticket, fresh(), text)).rc, EXH_OK) << text;
    const Json held = parse_json(runner.read(0, made.ticket).document).value_or(Json::object());
    EXPECT_EQ(text_at(held, "title"), line);
    EXPECT_EQ(text_at(held, "public_text"), cat(text, " y"));
    EXPECT_THAT(text_at(held, "internal_text"), HasSubstr(cat(text, " y")));
    ASSERT_EQ(held["notes"].size(), 1U) << held;
    EXPECT_THAT(held["notes"][0].get<std::string>(), HasSubstr(text));
  }
}

TEST_F(RealTest, ManyAtOnceMakeOneTicketEach) {
  const char* const wanted = std::getenv("EXHIBIT_REAL_COUNT");
  // Redmine on SQLite waits half a minute for its own lock when files come at once: it gets fewer.
  const int usual =
      std::string_view(std::getenv("EXHIBIT_REAL") == nullptr ? "" : std::getenv("EXHIBIT_REAL")) == "redmine" ? 16
                                                                                                               : 50;
  const int count = wanted == nullptr ? usual : std::atoi(wanted);
  constexpr int links = 16;
  std::vector<std::string> correlations;
  for (int i = 0; i < count; ++i) correlations.push_back(fresh());
  std::atomic<int> next = 0, failed = 0;
  std::vector<std::thread> threads;
  for (int link = 1; link <= links; ++link)
    threads.emplace_back([&, link] {
      if (runner.open(link, desk().config()).rc != EXH_OK) ++failed;
      for (int i = next++; i < count; i = next++) {
        Op op = kit::ensure_op(correlations[static_cast<std::size_t>(i)]);
        op.deadline_ms = 60'000;
        const Answer made = kit::deliver(runner, link, op);
        Op file = kit::attach_op(op, made.ticket, "trigger.pcap", pcap(400 + static_cast<std::size_t>(i), 'z'));
        file.deadline_ms = 60'000;
        if (made.rc != EXH_OK || kit::deliver(runner, link, file).rc != EXH_OK) ++failed;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  auto all = desk().tickets_by_correlation();
  std::uint64_t wrong = static_cast<std::uint64_t>(failed);
  for (const std::string& correlation : correlations) {
    EXPECT_EQ(all[correlation].size(), 1U) << correlation;
    wrong += all[correlation].size() == 1 ? 0 : 1;
  }
  test::proved("P2", correlations.size(), wrong);
}

}  // namespace
}  // namespace exhibit
