#include <gmock/gmock.h>
#include <exhibit/adapter.hpp>

#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/json.h"

/// The wrapper as an engine sees it: through the table alone.
namespace exhibit {
namespace {

using adapter::Description;
using adapter::Opened;
using adapter::Operation;
using adapter::Services;
using adapter::Verdict;

struct Least {
  static Description describe() { return {.adapter = "least", .version = "1"}; }
  static Opened<Least> open(const Services&, std::string_view config) {
    if (config.empty()) return {.refusal = "the configuration is empty"};
    if (config == "throw") throw std::runtime_error("no \"good\"");
    return {.link = std::make_unique<Least>()};
  }
  static Verdict probe() { return {.rc = EXH_OK}; }
  static Verdict apply(const Operation& operation) {
    if (operation.op_id() == "throw") throw std::runtime_error("broken \xFF inside");
    if (operation.op_id() == "throw-int") throw 1;
    if (operation.op_id() == "no-memory") throw std::bad_alloc();
    Verdict verdict{.rc = EXH_OK, .ticket = std::string(operation.op_id())};
    for (const adapter::Evidence& evidence : operation.evidence())
      verdict.text += evidence.read_all(10).value_or("unreadable") + ";";
    return verdict;
  }
};

struct Most : Least {
  static Description describe() { return {.adapter = "most", .version = "2", .stable_id = true}; }
  static Opened<Most> open(const Services&, std::string_view) { return {.link = std::make_unique<Most>()}; }
  Verdict find(const Operation&) { return {.rc = cancelled ? EXH_RETRY : EXH_ABSENT}; }
  static Verdict poll(std::string_view request) {
    return {.rc = EXH_OK, .document = "{\"got\":" + adapter::json_text(request) + "}"};
  }
  static Verdict read(std::string_view ticket) { return {.rc = EXH_OK, .number = std::string(ticket)}; }
  void cancel() { cancelled = true; }
  bool cancelled = false;
};

struct Call {
  exh_rc rc = EXH_OK;
  Json result = {};
};

template <typename Entry, typename... Arguments>
Call call(Entry entry, Arguments... arguments) {
  std::string text;
  const exh_rc rc = entry(arguments..., adapter::into(text));
  return {rc, text.empty() ? Json() : Json::parse(text)};
}

exh_op operation(std::string_view op_id) {
  exh_op op{};
  op.size = sizeof op;
  op.kind = EXH_OP_ENSURE;
  op.op_id = adapter::borrowed(op_id);
  return op;
}

exh_link* opened(const exh_adapter* table, std::string_view config = "{}") {
  exh_link* link = nullptr;
  std::string report;
  EXPECT_EQ(table->open(nullptr, adapter::borrowed(config), adapter::into(report), &link), EXH_OK) << report;
  return link;
}

TEST(AdapterHpp, WhatTheClassCanDoIsWhatTheTableOffersAndDescribeSays) {
  const exh_adapter* const least = adapter::table_of<Least>();
  EXPECT_FALSE(EXH_HAS(least, exh_adapter, find));
  EXPECT_FALSE(EXH_HAS(least, exh_adapter, poll));
  EXPECT_FALSE(EXH_HAS(least, exh_adapter, read));
  EXPECT_FALSE(EXH_HAS(least, exh_adapter, cancel));
  const Json plain = call(least->describe).result;
  EXPECT_EQ(plain["look_up"], false);
  EXPECT_EQ(plain["poll"], false);
  EXPECT_EQ(plain["operations"].size(), 5U);
  const exh_adapter* const most = adapter::table_of<Most>();
  EXPECT_TRUE(EXH_HAS(most, exh_adapter, find));
  EXPECT_TRUE(EXH_HAS(most, exh_adapter, poll));
  EXPECT_TRUE(EXH_HAS(most, exh_adapter, read));
  EXPECT_TRUE(EXH_HAS(most, exh_adapter, cancel));
  const Json rich = call(most->describe).result;
  EXPECT_EQ(rich["look_up"], true);
  EXPECT_EQ(rich["poll"], true);
  EXPECT_EQ(rich["stable_id"], true);
  EXPECT_EQ(rich["version"], "2");
}

TEST(AdapterHpp, EveryEntryReachesItsMethod) {
  const exh_adapter* const table = adapter::table_of<Most>();
  exh_link* const link = opened(table);
  const exh_op op = operation("op-1");
  EXPECT_EQ(call(table->probe, link).rc, EXH_OK);
  EXPECT_EQ(call(table->apply, link, &op).result["ticket"], "op-1");
  EXPECT_EQ(call(table->find, link, &op).rc, EXH_ABSENT);
  EXPECT_EQ(call(table->poll, link, adapter::borrowed("{\"a\":1}")).result["document"]["got"], "{\"a\":1}");
  EXPECT_EQ(call(table->read, link, adapter::borrowed("INC1")).result["number"], "INC1");
  table->cancel(link);
  EXPECT_EQ(call(table->find, link, &op).rc, EXH_RETRY);
  table->close(link);
}

TEST(AdapterHpp, NothingThatIsThrownCrossesTheBorder) {
  const exh_adapter* const table = adapter::table_of<Least>();
  exh_link* link = nullptr;
  std::string report;
  EXPECT_EQ(table->open(nullptr, adapter::borrowed("throw"), adapter::into(report), &link), EXH_INTERNAL);
  EXPECT_EQ(Json::parse(report)["text"], "no \"good\"");
  EXPECT_EQ(link, nullptr);
  link = opened(table);
  for (const char* how : {"throw", "throw-int", "no-memory"}) {
    const exh_op op = operation(how);
    const Call got = call(table->apply, link, &op);
    EXPECT_EQ(got.rc, EXH_INTERNAL) << how;
    EXPECT_EQ(got.result["cause"], "module-fault") << how;
  }
  const exh_op op = operation("throw");
  EXPECT_EQ(call(table->apply, link, &op).result["text"], "broken \uFFFD inside");
  table->close(link);
}

TEST(AdapterHpp, ARefusedConfigurationSaysWhy) {
  exh_link* link = nullptr;
  std::string report;
  const exh_adapter* const table = adapter::table_of<Least>();
  EXPECT_EQ(table->open(nullptr, {nullptr, 0}, adapter::into(report), &link), EXH_REJECTED);
  EXPECT_EQ(report, "the configuration is empty");
}

/// A blob that gives three bytes at a time.
std::int64_t drip(void* ctx, std::uint64_t offset, void* buffer, std::size_t capacity) {
  const auto& bytes = *static_cast<const std::string*>(ctx);
  const std::string piece = bytes.substr(static_cast<std::size_t>(offset), std::min<std::size_t>(3, capacity));
  std::copy(piece.begin(), piece.end(), static_cast<char*>(buffer));
  return static_cast<std::int64_t>(piece.size());
}

TEST(AdapterHpp, EvidenceIsReadWholeOrNotAtAllWhateverTheCallersStrideIs) {
  struct LaterBlob {
    exh_blob blob;
    std::uint64_t member_of_a_later_version;
  };
  std::string whole = "ten bytes!", cut = "short", large = "eleven bytes";
  LaterBlob blobs[3] = {};
  for (LaterBlob& one : blobs) one.blob.read = drip;
  blobs[0].blob.ctx = &whole;
  blobs[0].blob.length = 10;
  blobs[1].blob.ctx = &cut;
  blobs[1].blob.length = 10;  // It says more than it has.
  blobs[2].blob.ctx = &large;
  blobs[2].blob.length = 12;
  exh_op op = operation("op-1");
  op.blobs = &blobs[0].blob;
  op.blob_count = 3;
  op.blob_stride = sizeof(LaterBlob);
  const exh_adapter* const table = adapter::table_of<Least>();
  exh_link* const link = opened(table);
  EXPECT_EQ(call(table->apply, link, &op).result["text"], "ten bytes!;unreadable;unreadable;");
  table->close(link);
}

TEST(AdapterHpp, AnyTextBecomesValidJsonAndComesBack) {
  std::string all;
  for (int byte = 0; byte < 0x80; ++byte) all += static_cast<char>(byte);
  all += "\u00E9\u20AC\U0001F600\u2028";
  EXPECT_EQ(Json::parse(adapter::json_text(all)).get<std::string>(), all);
  for (const char* bad : {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5", "\xE2\x82"})
    EXPECT_THAT(Json::parse(adapter::json_text(bad)).get<std::string>(), ::testing::StartsWith("\uFFFD")) << bad;
}

TEST(AdapterHpp, AReaderThatWantsNoMoreIsObeyed) {
  const exh_sink full{nullptr, [](void*, const char*, std::size_t) -> std::int32_t { return 1; }};
  EXPECT_FALSE(adapter::put(full, "text"));
  EXPECT_TRUE(adapter::put({nullptr, nullptr}, "text"));
}

}  // namespace
}  // namespace exhibit
