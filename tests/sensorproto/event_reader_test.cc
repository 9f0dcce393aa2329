#include "sensorproto/sdee/event_reader.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "base/text.h"
#include "sensorproto/sdee/xml_scan.h"

namespace exhibit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// Everything that an alert can hold, in an order and with prefixes that nobody promised.
constexpr std::string_view whole_alert =
    R"(<x:evIdsAlert xmlns:x="urn:a" eventId="1182522900045587005" vendor="Cisco" severity="high" y:alarmTraits="32768" xmlns:y="urn:b">
  <y:triggerPacket>
AAEC
AwQ=
</y:triggerPacket>
  <x:participants>
    <x:attacker><x:addr y:locality="OUT">192.0.2.10</x:addr><x:port>40112</x:port></x:attacker>
    <x:target><x:addr y:locality="IN">198.51.100.20</x:addr><x:port>80</x:port><y:os idSource="learned" type="linux" relevance="relevant"/></x:target>
    <x:target><x:addr>198.51.100.21</x:addr></x:target>
  </x:participants>
  <x:originator><x:hostId>acme-ips1</x:hostId><y:appName>sensorApp</y:appName><y:appInstanceId>8971</y:appInstanceId></x:originator>
  <x:time offset="60" timeZone="CET">1795313561123000000</x:time>
  <x:signature description="WWW phf" id="3200" y:version="S37" y:type="vulnerability" y:created="20010202">
    <y:subsigId>0</y:subsigId><y:sigDetails>GET /cgi-bin/phf</y:sigDetails><y:marsCategory>Penetrate</y:marsCategory></x:signature>
  <x:interfaceGroup>vs0</x:interfaceGroup><x:vlan>7</x:vlan>
  <x:actions><x:ipLoggingActivated>true</x:ipLoggingActivated><x:droppedPacket>false</x:droppedPacket><y:deniedFlow>true</y:deniedFlow></x:actions>
  <y:ipLogIds><y:ipLogId>1734556221</y:ipLogId><y:ipLogId>1734556222</y:ipLogId></y:ipLogIds>
  <y:context><y:fromTarget>SFRUUA==</y:fromTarget><y:fromAttacker>R0VU</y:fromAttacker></y:context>
  <y:riskRatingValue targetValueRating="medium" attackRelevanceRating="relevant">85</y:riskRatingValue>
  <y:threatRatingValue>60</y:threatRatingValue>
  <y:interface>ge0_1</y:interface><y:protocol>tcp</y:protocol><y:alertDetails>Traffic Source: int0 ;</y:alertDetails>
  <y:summary y:final="true" y:initialAlert="17" y:summaryType="Regular">2</y:summary>
  <y:newThing>kept</y:newThing>
</x:evIdsAlert>)";

std::string envelope(std::string_view events) {
  return cat(
      R"(<?xml version="1.0"?><env:Envelope xmlns:env="e" xmlns:sd="s"><env:Header><sd:oobInfo><sd:sessionId>abc</sd:sessionId></sd:oobInfo></env:Header><env:Body><sd:events>)",
      events, "</sd:events></env:Body></env:Envelope>");
}

IdsAlert alert_of(std::string_view element) { return std::get<IdsAlert>(*read_event(element)); }

TEST(EventReader, FindsEveryPartOfAnAlertByLocalNameInAnyOrder) {
  const IdsAlert alert = alert_of(whole_alert);
  EXPECT_EQ(alert.event_id, "1182522900045587005");
  EXPECT_EQ(alert.severity, "high");
  EXPECT_EQ(alert.alarm_traits, "32768");
  EXPECT_EQ(alert.originator, (Originator{"acme-ips1", "sensorApp", "8971"}));
  EXPECT_EQ(alert.time.ns, 1795313561123000000);
  EXPECT_EQ(alert.time.zone, "CET");
  EXPECT_EQ(alert.signature.id, "3200");
  EXPECT_EQ(alert.signature.subsig_id, "0");
  EXPECT_EQ(alert.signature.details, "GET /cgi-bin/phf");
  EXPECT_EQ(alert.signature.mars_category, "Penetrate");
  ASSERT_THAT(alert.attackers, SizeIs(1));
  EXPECT_EQ(alert.attackers[0].address, "192.0.2.10");
  EXPECT_EQ(alert.attackers[0].port, 40112);
  ASSERT_THAT(alert.targets, SizeIs(2));
  EXPECT_EQ(alert.targets[0].os_type, "linux");
  EXPECT_EQ(alert.targets[1].port, std::nullopt);
  EXPECT_THAT(alert.actions, ElementsAre("ipLoggingActivated", "deniedFlow"));
  EXPECT_THAT(alert.ip_logs, ElementsAre(1734556221U, 1734556222U));
  EXPECT_EQ(alert.trigger_packet.bytes, (Bytes{0, 1, 2, 3, 4}));
  EXPECT_EQ(as_text(alert.context_from_attacker.bytes), "GET");
  EXPECT_EQ(alert.risk_rating, 85);
  EXPECT_EQ(alert.threat_rating, 60);
  EXPECT_EQ(alert.summary, (AlertSummary{2, true, "17", "Regular"}));
  EXPECT_EQ(alert.interface, "ge0_1");
  EXPECT_EQ(alert.vlan, "7");
  EXPECT_THAT(alert.others, ElementsAre(std::pair<std::string, std::string>("newThing", "kept")));
  EXPECT_EQ(alert.raw, whole_alert);
  EXPECT_FALSE(alert.altered);
}

TEST(EventReader, IpLogIdsComeInSeveralForms) {
  EXPECT_THAT(alert_of(R"(<evIdsAlert eventId="1"><ipLogId>5</ipLogId></evIdsAlert>)").ip_logs, ElementsAre(5U));
  EXPECT_THAT(alert_of(R"(<evIdsAlert eventId="1"><ipLogIds>5, 6 7</ipLogIds></evIdsAlert>)").ip_logs,
              ElementsAre(5U, 6U, 7U));
  EXPECT_THAT(alert_of(R"(<evIdsAlert eventId="1"><ipLogIds><id>5</id><id>5</id></ipLogIds></evIdsAlert>)").ip_logs,
              ElementsAre(5U));
  EXPECT_THAT(alert_of(R"(<evIdsAlert eventId="1"><ipLogIds>none</ipLogIds></evIdsAlert>)").ip_logs, IsEmpty());
}

TEST(EventReader, WhatIsSaidTwiceHoldsAsItWasSaidFirst) {
  const IdsAlert alert = alert_of(
      "<evIdsAlert eventId='1'><originator><hostId>first</hostId><hostId>second</hostId></originator><time>5</time>"
      "<originator><hostId>third</hostId></originator><time>6</time><participants><attacker><addr>192.0.2.1</addr>"
      "<port>1</port><addr>192.0.2.2</addr><port>2</port></attacker><victim><addr>198.51.100.1</addr></victim>"
      "</participants></evIdsAlert>");
  EXPECT_EQ(alert.originator.host_id, "first");
  EXPECT_EQ(alert.time.ns, 5);
  ASSERT_THAT(alert.attackers, SizeIs(1));
  EXPECT_EQ(alert.attackers[0].address, "192.0.2.1");
  EXPECT_EQ(alert.attackers[0].port, 1);
  EXPECT_EQ(alert.targets.at(0).address, "198.51.100.1");
}

TEST(EventReader, KeepsSoMuchOfEachListAndNoMore) {
  std::string actions, targets, logs, others;
  for (int i = 0; i < 70; ++i) {
    actions += cat("<did", i, ">true</did", i, "> and ");
    targets += cat("<target><addr>198.51.100.", i, "</addr></target>");
    logs += cat("<ipLogId>", 1000 + i, "</ipLogId>");
    others += cat("<new", i, "/>");
  }
  const IdsAlert alert =
      alert_of(cat("<evIdsAlert eventId='1'><actions>", actions, "<not>0</not></actions><participants>", targets,
                   "</participants><ipLogIds>", logs, "</ipLogIds>", others, "</evIdsAlert>"));
  EXPECT_THAT(alert.actions, SizeIs(64));
  EXPECT_THAT(alert.targets, SizeIs(limits::targets_per_alert));
  EXPECT_THAT(alert.ip_logs, SizeIs(limits::ip_logs_per_alert));
  EXPECT_THAT(alert.others, SizeIs(64));
  EXPECT_EQ(alert.others[0], (std::pair<std::string, std::string>("ipLogProblem", "the alert names too many IP logs")));
}

TEST(EventReader, AStatusThatSpeaksOfNoLogNamesWhatItSpeaksOf) {
  const auto status = std::get<StatusEvent>(
      *read_event("<evStatus eventId='9'>since then <originator><hostId>a</hostId></originator><time>1</time>"
                  "<loginAction action='loggedIn'/><more/></evStatus>"));
  EXPECT_EQ(status.detail, "loginAction");
  EXPECT_EQ(status.ip_log_phase, StatusEvent::IpLogPhase::none);
  EXPECT_FALSE(status.ip_log);
}

TEST(EventReader, ABadTriggerPacketCostsThePacketAndNotTheAlert) {
  const IdsAlert alert = alert_of(R"(<evIdsAlert eventId="1"><triggerPacket>AA!A</triggerPacket></evIdsAlert>)");
  EXPECT_TRUE(alert.trigger_packet.bytes.empty());
  EXPECT_THAT(alert.trigger_packet.problem, testing::HasSubstr("trigger packet: base64"));
}

TEST(EventReader, AHiddenNulCannotHideTheRestOfAField) {
  const IdsAlert alert = alert_of(R"(<evIdsAlert eventId="1"><alertDetails>ab&#0;cd</alertDetails></evIdsAlert>)");
  EXPECT_EQ(alert.alert_details,
            "ab\xEF\xBF\xBD"
            "cd");
  EXPECT_TRUE(alert.altered);
}

struct StatusForm {
  std::string_view xml;
  StatusEvent::IpLogPhase phase;
};

TEST(EventReader, AHiddenEndIsShownHoweverTheNulIsSpelled) {
  for (const std::string& nul : {std::string("&#x0;"), cat("&#", std::string(40, '0'), ";"),
                                 cat("&#x", std::string(3000, '0'), ";"), cat("&#", std::string(99, '9'), ";")}) {
    const IdsAlert alert =
        alert_of(cat("<evIdsAlert eventId=\"1\"><alertDetails>ab", nul, "cd</alertDetails></evIdsAlert>"));
    EXPECT_EQ(alert.alert_details,
              "ab\xEF\xBF\xBD"
              "cd")
        << nul.substr(0, 50);
    EXPECT_TRUE(alert.altered);
  }
  EXPECT_EQ(alert_of(cat("<evIdsAlert eventId=\"1\"><alertDetails>&#", std::string(40, '0'),
                         "65;</alertDetails></evIdsAlert>"))
                .alert_details,
            "A");
}

TEST(EventReader, ReadsEveryPlausibleFormOfAnIpLogStatus) {
  using Phase = StatusEvent::IpLogPhase;
  const StatusForm forms[] = {
      {"<ipLogCompleted><ipLogId>77</ipLogId><status>completed</status></ipLogCompleted>", Phase::completed},
      {R"(<cid:ipLogCompleted ipLogId="77" status="completed"/>)", Phase::completed},
      {"<ipLogCompleted>/cgi-bin/iplog-server?ipLogId=77</ipLogCompleted>", Phase::completed},
      {"<ipLogStarted><id>77</id></ipLogStarted>", Phase::started},
      {R"(<ipLogAdded logId="77"/>)", Phase::added},
      {"<IPLogRemoved><ipLogId>77</ipLogId></IPLogRemoved>", Phase::removed},
      {R"(<ipLog status="started"><ipLogId>77</ipLogId></ipLog>)", Phase::started},
      {"<ipLog><status>completed</status><ipLogId>77</ipLogId></ipLog>", Phase::completed}};
  for (const StatusForm& form : forms) {
    const StatusEvent status =
        std::get<StatusEvent>(*read_event(cat(R"(<evStatus eventId="9" xmlns:cid="c">)", form.xml, "</evStatus>")));
    EXPECT_EQ(status.ip_log, 77U) << form.xml;
    EXPECT_EQ(status.ip_log_phase, form.phase) << form.xml;
  }
}

TEST(EventReader, KnowsAnErrorThatRefusesALog) {
  const auto error = std::get<ErrorEvent>(*read_event(
      R"(<evError eventId="3" severity="warning"><errorMessage name="errWarning">IpLogProcessor::addIpLog: Ran out of file descriptors</errorMessage></evError>)"));
  EXPECT_TRUE(error.ip_log_refused);
  EXPECT_EQ(error.name, "errWarning");
}

TEST(SdeeDocument, ReadsEnvelopeAndEvents) {
  const auto document = read_sdee_document(
      envelope(cat(whole_alert, R"(<evStatus eventId="2"><loginAction/></evStatus><evShunRqst eventId="3"/>)")));
  ASSERT_TRUE(document);
  EXPECT_THAT(document->events, SizeIs(3));
  EXPECT_EQ(document->session_id, "abc");
  EXPECT_TRUE(std::holds_alternative<OtherEvent>(document->events[2]));
}

TEST(SdeeDocument, ReadsFaultsInBothForms) {
  for (const char* reason : {"Subscription does not exist", "<env:Text>Subscription does not exist</env:Text>"}) {
    const auto document =
        read_sdee_document(cat("<env:Envelope "
                               "xmlns:env='e'><env:Body><env:Fault><env:Code><env:Value>env:Sender</"
                               "env:Value><env:Subcode><env:Value>sd:errNotFound"
                               "</env:Value></env:Subcode></env:Code><env:Reason>",
                               reason, "</env:Reason></env:Fault></env:Body></env:Envelope>"));
    ASSERT_TRUE(document && document->fault);
    EXPECT_EQ(document->fault->code, "errNotFound");
    EXPECT_EQ(document->fault->reason, "Subscription does not exist");
  }
}

TEST(SdeeDocument, MissedAndRemainingEventsMayStandAnywhere) {
  const auto document = read_sdee_document(
      "<e:Envelope "
      "xmlns:e='e'><e:Header><missed-events>true</missed-events></e:Header><e:Body><remaining-events>7</"
      "remaining-events><events/></e:Body></e:Envelope>");
  EXPECT_TRUE(document->missed_events);
  EXPECT_EQ(document->remaining_events, 7U);
}

TEST(SdeeDocument, MissedEventsAreMissedUnlessItSaysNo) {
  const std::pair<const char*, bool> words[] = {{"false", false}, {"No", false}, {"0", false},
                                                {"true", true},   {"3", true},   {"", true}};
  for (const auto& [word, missed] : words) {
    const auto document = read_sdee_document(
        cat("<Envelope><missedEvents>", word, "</missedEvents><remainingEvents>many</remainingEvents></Envelope>"));
    ASSERT_TRUE(document);
    EXPECT_EQ(document->missed_events, missed) << word;
    EXPECT_EQ(document->remaining_events, 0U);
  }
}

TEST(SdeeDocument, AFaultMayHaveNoSubcodeAndNoReason) {
  const auto document =
      read_sdee_document("<Envelope><Body><Fault><Code><Value>env:Sender</Value></Code></Fault></Body></Envelope>");
  ASSERT_TRUE(document && document->fault);
  EXPECT_EQ(document->fault->code, "Sender");
  EXPECT_EQ(document->fault->reason, "");
}

TEST(SdeeDocument, WhatStandsBeforeTheRootIsNotTheRoot) {
  const auto document =
      read_sdee_document("<?xml version='1.0'?>\n<!-- <no> --><?more?>\n<events><evIdsAlert eventId='1'/></events>");
  ASSERT_TRUE(document) << document.error().text;
  EXPECT_THAT(document->events, SizeIs(1));
  for (const char* nothing : {"", "no XML", "<?xml?>", "<!-- x -->", "<a/>", "<"})
    EXPECT_FALSE(read_sdee_document(nothing)) << nothing;
}

TEST(SdeeDocument, AnythingCutShortIsRefusedAtEveryByte) {
  const std::string whole = envelope(whole_alert);
  for (std::size_t length = 0; length < whole.size(); ++length)
    ASSERT_FALSE(read_sdee_document(whole.substr(0, length))) << length;
  EXPECT_TRUE(read_sdee_document(whole));
}

TEST(SdeeDocument, OneBadEventDoesNotTakeItsNeighboursWithIt) {
  const std::string bad[] = {R"(<evIdsAlert eventId="2"><a></b></evIdsAlert>)",
                             R"(<evIdsAlert eventId="2" eventId="3"></evIdsAlert>)",
                             std::string("<evIdsAlert eventId=\"2\">\0</evIdsAlert>", 38), "<evIdsAlert></evIdsAlert>",
                             cat(R"(<evIdsAlert eventId="2">)",
                                 [] {
                                   std::string deep;
                                   for (int i = 0; i < 100; ++i) deep += "<a>";
                                   for (int i = 0; i < 100; ++i) deep += "</a>";
                                   return deep;
                                 }(),
                                 "</evIdsAlert>")};
  for (const std::string& event : bad) {
    const auto document = read_sdee_document(
        envelope(cat(R"(<evIdsAlert eventId="1"></evIdsAlert>)", event, R"(<evIdsAlert eventId="9"></evIdsAlert>)")));
    ASSERT_TRUE(document) << event;
    ASSERT_THAT(document->events, SizeIs(2)) << event;
    EXPECT_EQ(std::get<IdsAlert>(document->events[1]).event_id, "9");
    EXPECT_FALSE(document->unreadable.empty());
  }
}

TEST(XmlScan, RefusesWhatAReaderCouldBeFooledBy) {
  const std::string_view refused[] = {"",
                                      "text",
                                      "<a>",
                                      "<a></b>",
                                      "<a/><b/>",
                                      "<a></a>x",
                                      "<!DOCTYPE a><a/>",
                                      "<a b='1' b='2'/>",
                                      "<a b=1/>",
                                      "<a b/>",
                                      "<a",
                                      "<a b='<'/>",
                                      "<a><![CDATA[x]]</a>",
                                      std::string_view("<a>\0</a>", 8),
                                      "\xFF\xFE<\0a\0/\0>\0"};
  for (const std::string_view text : refused) EXPECT_FALSE(scan_xml(text)) << text;
  for (const std::string_view text :
       {"<a/>", "<?xml version='1.0'?><!-- x --><a b='1' c=\"2\"><![CDATA[<]]></a>\n", "\xEF\xBB\xBF<a/>"})
    EXPECT_TRUE(scan_xml(text)) << text;
}

TEST(XmlScan, BoundsAreBounds) {
  std::string deep, many = "<a>", wide = "<a";
  for (int i = 0; i < 65; ++i) deep += "<a>";
  for (std::size_t i = 0; i <= limits::xml_elements; ++i) many += "<b/>";
  for (int i = 0; i <= 64; ++i) wide += cat(" x", i, "=''");
  for (const std::string& text : {deep, many + "</a>", wide + "/>"})
    EXPECT_EQ(scan_xml(text).error().code, Errc::too_large);
}

}  // namespace
}  // namespace exhibit
