#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "adapters/sim/desk.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime/adapter_host.h"
#include "tests/loopback_client.h"

namespace exhibit {

/// A simulated desk on loopback, and the real way to it: adapter desk, runner process, REST module, cpprestsdk.
class DeskFixture : public ::testing::Test {
 protected:
  DeskFixture()
      : server({}, std::nullopt, [this](const sim::HttpRequest& request) { return sim_desk.handle(request); }) {
    char name[] = "/tmp/exhibit-runner-XXXXXX";
    state = ::mkdtemp(name);
    settings.name = {"snow"};
    settings.adapter = "rest";
    settings.profile = "servicenow";
    settings.url = cat("http://127.0.0.1:", server.port());
    settings.login_json = R"({"user":"exhibit","password":{"env":"DESK_PASSWORD"}})";
    settings.concurrency = 1;  // One link: the second call comes over a connection that was used.
    settings.deadline = std::chrono::milliseconds{1500};
  }
  ~DeskFixture() override {
    close_desk();
    executors.join();
    std::error_code ignored;
    std::filesystem::remove_all(state, ignored);
  }

  void open_desk() {
    desk = make_adapter_desk(settings,
                             {.executors = executors,
                              .log = [](LogLevel, std::string_view, std::string_view, std::string_view) {},
                              .secrets = [this](const SecretReference&) { return Result<Secret>(Secret(password)); },
                              .state = state,
                              .runner = {}});
  }
  void close_desk() {
    if (desk) stop_adapter_desk(*desk);
    desk.reset();
  }

  static SendDelivery ensure(std::string correlation) {
    SendDelivery delivery;
    delivery.id = {cat(correlation, "-1")};
    delivery.correlation = {std::move(correlation)};
    delivery.body =
        R"({"title":"HIGH: a > b","public_text":"for the customer","internal_text":"for analysts","priority":2})";
    return delivery;
  }
  static SendDelivery note(const DeliveryOutcome& ticket, std::string text) {
    SendDelivery delivery;
    delivery.id = {"d-note"};
    delivery.kind = DeliveryKind::note;
    delivery.correlation = {"EXH1-A"};
    delivery.ticket = ticket.ticket;
    delivery.body = cat(R"({"text":)", json_quoted(text), "}");
    return delivery;
  }
  static SendDelivery attach(const DeliveryOutcome& ticket, std::string_view bytes) {
    SendDelivery delivery;
    delivery.id = {"d-attach"};
    delivery.kind = DeliveryKind::attach;
    delivery.correlation = {"EXH1-A"};
    delivery.ticket = ticket.ticket;
    delivery.attachment_name = "trigger.pcap";
    delivery.attachment.assign(bytes.begin(), bytes.end());
    delivery.body = R"({"name":"trigger.pcap","mime":"application/vnd.tcpdump.pcap"})";
    return delivery;
  }

  DeliveryOutcome send(const SendDelivery& delivery, const std::string& map = "{}") {
    auto promise = std::make_shared<std::promise<DeliveryOutcome>>();
    auto outcome = promise->get_future();
    if (!desk) open_desk();
    desk->send({{"acme"}, map}, delivery, FileHandle(),
               [promise](DeliveryOutcome got) { promise->set_value(std::move(got)); });
    return outcome.get();
  }
  DeliveryLookedUp look_up(const SendDelivery& delivery) {
    auto promise = std::make_shared<std::promise<DeliveryLookedUp>>();
    auto found = promise->get_future();
    desk->look_up(
        {}, {.id = delivery.id, .kind = delivery.kind, .correlation = delivery.correlation, .ticket = delivery.ticket},
        [promise](DeliveryLookedUp got) { promise->set_value(std::move(got)); });
    return found.get();
  }
  Json read(const std::string& correlation) {
    auto promise = std::make_shared<std::promise<Result<std::string>>>();
    auto document = promise->get_future();
    desk->read({}, {{cat(correlation, "-1")}, DeliveryKind::ensure, {correlation}, {}}, [promise](Result<std::string> got) { promise->set_value(std::move(got)); });
    const Result<std::string> got = document.get();
    return got ? parse_json(*got).value_or(Json()) : Json(got.error().text);
  }

  /// Delivers as the engine does: unknown is looked for, and sent again only when it is not there.
  DeliveryOutcome deliver(SendDelivery delivery, int rounds = 8) {
    DeliveryOutcome outcome = send(delivery);
    while (rounds-- > 0 && outcome.kind != DeliveryOutcome::Kind::done) {
      if (outcome.kind == DeliveryOutcome::Kind::unknown) {
        const DeliveryLookedUp found = look_up(delivery);
        if (found.found == DeliveryLookedUp::Found::failed) continue;
        if (found.found != DeliveryLookedUp::Found::none)
          return {.kind = DeliveryOutcome::Kind::done,
                  .ticket = found.ticket,
                  .number = found.number,
                  .url = {},
                  .retry_after = {},
                  .why = "found"};
      } else if (outcome.kind != DeliveryOutcome::Kind::retry) {
        return outcome;
      }
      ++delivery.attempt;
      outcome = send(delivery);
    }
    return outcome;
  }

  void misbehave(std::string_view order) {
    const Result<sim::Misbehaviour> parsed = sim::parse_misbehaviour(order);
    ASSERT_TRUE(parsed) << order;
    sim_desk.order(*parsed);
  }
  /// Everything the desk holds and was asked.
  Json held() { return parse_json(test::Wire(server.port()).ask("GET", "/sim/tickets").body).value_or(Json()); }
  std::size_t tickets() { return held()["tickets"].size(); }
  /// The kinds of call in order, one letter each: c(reate) n(ote) u(pdate) a(ttach) f(ind).
  std::string calls() {
    std::string letters;
    const Json all = held();
    for (const Json& call : all["calls"]) letters += text_at(call, "call").substr(0, 1);
    return letters;
  }

  sim::Desk sim_desk{{.user = "exhibit", .password = "secret"},
                     [] { return WallTime(std::chrono::system_clock::now()); },
                     [](const std::string&) {}};
  sim::HttpServer server;
  Executors executors{2, 1};
  std::string state, password = "secret";
  DeskSettings settings;
  std::shared_ptr<Desk> desk;
};

}  // namespace exhibit
