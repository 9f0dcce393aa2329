#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "adapters/webhook/webhook_judge.h"
#include "adapters/webhook/webhook_request.h"
#include "base/json.h"
#include "base/text.h"
#include "config/yaml.h"
#include "files.h"
#include "tests/webhook/samples.h"

namespace exhibit::webhook {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t noon = 1'795'348'800;

adapter::HttpRequest request(const Settings& settings, std::string_view body, std::uint32_t kind = EXH_OP_ENSURE,
                             std::int64_t at = noon, std::string_view op_id = "inc-1-1") {
  const Event event{
      .kind = kind, .op_id = op_id, .correlation_id = "EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE", .body_json = body};
  const Result<adapter::HttpRequest> made = request_of(settings, event, at);
  EXPECT_TRUE(made) << (made ? "" : made.error().text);
  return made ? *made : adapter::HttpRequest{};
}

Settings settings(const std::string& map = "{}", const std::string& secrets = '"' + test::secret_one + '"') {
  const Result<Settings> made = settings_of(test::webhook_config(map, secrets));
  EXPECT_TRUE(made) << (made ? "" : made.error().text);
  return made ? *made : Settings{};
}

std::string header(const adapter::HttpRequest& asked, std::string_view name) {
  for (const adapter::HttpHeader& one : asked.headers)
    if (equal_ignoring_case(one.name, name)) return one.value;
  return {};
}

/// The worked example that the standard's own libraries carry in their tests.
TEST(WebhookSignature, IsWhatTheStandardSays) {
  EXPECT_EQ(signature(settings().keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookSignature, EveryKeySignsInOrder) {
  const std::string one = signature(settings().keys, "id", noon, "body");
  const std::string two = signature(settings("{}", '"' + test::secret_two + '"').keys, "id", noon, "body");
  const std::string both =
      signature(settings("{}", cat('"', test::secret_one, "\",\"", test::secret_two, '"')).keys, "id", noon, "body");
  EXPECT_NE(one, two);
  EXPECT_EQ(both, cat(one, " ", two));
}

TEST(WebhookRequest, TheIdIsTheSameOnEveryAttemptAndTheTimeIsTheAttempts) {
  const Settings ours = settings();
  const auto first = request(ours, test::ensure_body()), second = request(ours, test::ensure_body(), 1, noon + 300);
  EXPECT_EQ(header(first, "webhook-id"), header(second, "webhook-id"));
  EXPECT_EQ(header(first, "webhook-timestamp"), "1795348800");
  EXPECT_EQ(header(second, "webhook-timestamp"), "1795349100");
  EXPECT_NE(header(first, "webhook-signature"), header(second, "webhook-signature"));
  EXPECT_EQ(first.body, second.body);
  EXPECT_NE(header(first, "webhook-id"), header(request(ours, test::ensure_body(), 1, noon, "inc-1-2"), "webhook-id"));
  EXPECT_THAT(header(first, "webhook-id"), Not(HasSubstr(".")));
}

TEST(WebhookRequest, ALoginThatSignsNothingIsRefusedAndNeverQuoted) {
  for (const std::string& secrets :
       {std::string(), std::string("7"), std::string(R"("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")"),
        std::string(R"("whsec_")"), std::string(R"("whsec_AAECAwQF")"),
        std::string(R"("whsec_!!!!9r8GKYqrTwjUPD8ILPZIo2LaLaSw")")}) {
    const Result<Settings> made = settings_of(test::webhook_config("{}", secrets));
    ASSERT_FALSE(made) << secrets;
    EXPECT_THAT(made.error().text, Not(HasSubstr("LaLaSw")));
  }
  EXPECT_FALSE(settings_of("[]"));
  EXPECT_FALSE(settings_of(test::webhook_config(R"({"style":"xml"})")));
}

TEST(WebhookRequest, WithoutALoginItGoesUnsigned) {
  const Result<Settings> made = settings_of(R"({"url":"http://127.0.0.1:1/"})");
  ASSERT_TRUE(made);
  const auto asked = request(*made, test::ensure_body());
  EXPECT_THAT(header(asked, "webhook-signature"), IsEmpty());
  EXPECT_THAT(header(asked, "webhook-id"), Not(IsEmpty()));
}

TEST(WebhookRequest, CloudEventsTravelBesideTheSignatureOnlyWhenAskedFor) {
  EXPECT_THAT(header(request(settings(), test::ensure_body()), "ce-id"), IsEmpty());
  const auto asked = request(settings(R"({"cloudevents":true})"), test::ensure_body());
  EXPECT_EQ(header(asked, "ce-specversion"), "1.0");
  EXPECT_EQ(header(asked, "ce-id"), header(asked, "webhook-id"));
  EXPECT_EQ(header(asked, "ce-source"), "/exhibit/acme");
  EXPECT_EQ(header(asked, "ce-type"), "exhibit.incident.opened");
  EXPECT_EQ(header(asked, "ce-time"), "2026-11-22T02:12:42.500Z");
  EXPECT_EQ(header(asked, "ce-subject"), "EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE");
  EXPECT_EQ(header(asked, "Content-Type"), "application/json");
}

TEST(WebhookRequest, ACloudEventsHeaderIsPrintableAsciiWhateverTheValueIs) {
  EXPECT_EQ(cloudevents_value("Euro \u20AC \U0001F600"), "Euro%20%E2%82%AC%20%F0%9F%98%80");
  EXPECT_EQ(cloudevents_value("a\r\nX: \"100%\""), "a%0D%0AX:%20%22100%25%22");
  EXPECT_EQ(cloudevents_value("\xFF"), "%EF%BF%BD");
}

struct What {
  std::uint32_t kind;
  const char* body;
  const char* what;
  const char* text;
};

TEST(WebhookBody, IsCompletedByWhatTheOperationSays) {
  const What table[] = {
      {EXH_OP_ENSURE, R"({"internal_text":"for analysts","public_text":"for all"})", "opened", "for analysts"},
      {EXH_OP_NOTE, R"({"text":"a note"})", "updated", "a note"},
      {EXH_OP_LINK, R"({"text":"late evidence"})", "capture", "late evidence"},
      {EXH_OP_STATE, R"({"state":"closed"})", "closed", ""},
      {EXH_OP_STATE, R"({"state":"open"})", "updated", ""},
      {EXH_OP_NOTE, R"({"text":"a note","incident":{"what":"capture","text":"the engine's own"}})", "capture",
       "the engine's own"},
  };
  for (const What& row : table) {
    const Json body = Json::parse(request(settings(), row.body, row.kind).body);
    EXPECT_EQ(body["what"], row.what) << row.body;
    EXPECT_EQ(text_at(body, "text"), row.text) << row.body;
    EXPECT_EQ(body["correlation_id"], "EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE");
    EXPECT_EQ(body["version"], 1);
  }
}

TEST(WebhookBody, TheEnginesIncidentPassesUnchangedAndAfterThePublishedSchema) {
  const std::string body = request(settings(), test::ensure_body()).body;
  EXPECT_EQ(Json::parse(body), Json::parse(test::phf_incident));
  std::vector<Mistake> mistakes;
  const std::string schema = test::read_file(EXHIBIT_SOURCE_DIR "/schemas/incident.schema.json");
  for (const char* plain : {R"({"tenant":"acme","internal_text":"x"})", R"({"tenant":"acme","state":"closed"})"})
    for (const std::uint32_t kind : {EXH_OP_ENSURE, EXH_OP_NOTE, EXH_OP_LINK, EXH_OP_STATE})
      check_schema(*read_yaml(request(settings(), plain, kind).body, mistakes), schema, mistakes);
  check_schema(*read_yaml(body, mistakes), schema, mistakes);
  EXPECT_EQ(mistakes_json(mistakes), "[]");
  const Result<YamlDocument> wrong = read_yaml(R"({"version":2,"what":"born","correlation_id":"EXH1-a"})", mistakes);
  check_schema(*wrong, schema, mistakes);
  EXPECT_GE(mistakes.size(), 4U) << mistakes_json(mistakes);
}

TEST(WebhookBody, OnlyTheFirstMessageTakesItsTimeFromTheAlert) {
  const char* body = R"({"text":"x","incident":{"alert":{"times":{"received":"2026-11-22T02:12:42.500Z"}}}})";
  EXPECT_EQ(Json::parse(request(settings(), body).body)["at"], "2026-11-22T02:12:42.500Z");
  EXPECT_FALSE(Json::parse(request(settings(), body, EXH_OP_NOTE).body).contains("at"));
  const Json later = Json::parse(request(settings(R"({"style":"ocsf"})"), body, EXH_OP_NOTE).body);
  EXPECT_EQ(later["time"], 1795313562500);
}

TEST(WebhookBody, OcsfIsADetectionFinding) {
  const Json finding = Json::parse(request(settings(R"({"style":"ocsf"})"), test::ensure_body()).body);
  EXPECT_EQ(finding["class_uid"], 2004);
  EXPECT_EQ(finding["category_uid"], 2);
  EXPECT_EQ(finding["activity_id"], 1);
  EXPECT_EQ(finding["type_uid"], 200401);
  EXPECT_EQ(finding["status_id"], 1);
  EXPECT_EQ(finding["severity_id"], 4);
  EXPECT_EQ(finding["risk_score"], 85);
  EXPECT_EQ(finding["count"], 3);
  EXPECT_EQ(finding["time"], 1795313562500);
  EXPECT_EQ(finding["metadata"]["version"], "1.8.0");
  EXPECT_EQ(finding["metadata"]["tenant_uid"], "acme");
  EXPECT_EQ(finding["metadata"]["original_event_uid"], "1182522900045587005");
  EXPECT_EQ(finding["finding_info"]["uid"], "8c4f2a10-5b1e-8d3c-9f00-1f2e3d4c5b6a");
  EXPECT_EQ(finding["finding_info"]["first_seen_time"], 1795313561123);
  EXPECT_EQ(finding["finding_info"]["analytic"]["uid"], "3200");
  ASSERT_EQ(finding["evidences"].size(), 3U);  // Two targets and one capture.
  EXPECT_EQ(finding["evidences"][0]["src_endpoint"]["ip"], "192.0.2.10");
  EXPECT_EQ(finding["evidences"][1]["dst_endpoint"]["ip"], "198.51.100.21");
  EXPECT_EQ(finding["evidences"][2]["file"]["hashes"][0]["algorithm_id"], 3);
  EXPECT_EQ(finding["disposition_id"], 15);
}

TEST(WebhookBody, OcsfFollowsTheLifeOfTheFinding) {
  const Settings ocsf = settings(R"({"style":"ocsf"})");
  const auto finding = [&](std::uint32_t kind, const char* body) {
    return Json::parse(request(ocsf, body, kind).body);
  };
  EXPECT_EQ(finding(EXH_OP_NOTE, R"({"text":"x"})")["type_uid"], 200402);
  const Json closed = finding(EXH_OP_STATE, R"({"state":"closed"})");
  EXPECT_EQ(closed["type_uid"], 200403);
  EXPECT_EQ(closed["status_id"], 4);
  const Json dropped =
      finding(EXH_OP_ENSURE, R"({"incident":{"alert":{"actions":["droppedPacket"],"severity":"low"}}})");
  EXPECT_EQ(dropped["disposition_id"], 2);
  EXPECT_EQ(dropped["severity_id"], 2);
}

TEST(WebhookBody, AnOperationWithoutAnObjectIsRefusedHere) {
  for (const char* body : {"", "[]", "{", "7"})
    EXPECT_FALSE(request_of(settings(), {.kind = 1, .op_id = "a", .correlation_id = "b", .body_json = body}, noon));
}

struct Judged {
  int status;
  exh_rc rc;
  const char* cause;
};

TEST(WebhookJudge, KnowsWhatEachAnswerMeans) {
  const Judged table[] = {{200, EXH_OK, ""},
                          {202, EXH_OK, ""},
                          {204, EXH_OK, ""},
                          {301, EXH_UNKNOWN, "redirected"},
                          {302, EXH_UNKNOWN, "redirected"},
                          {307, EXH_UNKNOWN, "redirected"},
                          {400, EXH_REJECTED, "bad-request"},
                          {401, EXH_DENIED, "login-refused"},
                          {403, EXH_REJECTED, "content-refused"},
                          {404, EXH_DENIED, "endpoint-missing"},
                          {408, EXH_RETRY, "receiver-busy"},
                          {409, EXH_RETRY, "receiver-busy"},
                          {410, EXH_DENIED, "endpoint-gone"},
                          {413, EXH_REJECTED, "too-large"},
                          {415, EXH_REJECTED, "unsupported-type"},
                          {418, EXH_REJECTED, "refused"},
                          {429, EXH_RETRY, "rate-limited"},
                          {500, EXH_UNKNOWN, "no-proof"},
                          {502, EXH_UNKNOWN, "no-proof"},
                          {503, EXH_RETRY, "receiver-busy"},
                          {504, EXH_UNKNOWN, "no-proof"}};
  for (const Judged& row : table) {
    const adapter::Verdict verdict = judge({.rc = EXH_OK, .status = row.status, .retry_after_ms = 7000});
    EXPECT_EQ(verdict.rc, row.rc) << row.status;
    EXPECT_EQ(verdict.cause, row.cause) << row.status;
    EXPECT_EQ(verdict.retry_after_ms, row.rc == EXH_OK ? 0U : 7000U) << row.status;
  }
}

TEST(WebhookJudge, PassesOnWhatTheTransportKnows) {
  for (const exh_rc rc : {EXH_RETRY, EXH_UNKNOWN, EXH_DENIED}) {
    const adapter::Verdict verdict = judge({.rc = rc, .body = "a reason\r\nwith lines"});
    EXPECT_EQ(verdict.rc, rc);
    EXPECT_THAT(verdict.text, Not(HasSubstr("\n")));
  }
  EXPECT_EQ(judge({.rc = EXH_DENIED}).cause, "egress-forbidden");
}

}  // namespace
}  // namespace exhibit::webhook
