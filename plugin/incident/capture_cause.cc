#include "incident/capture_cause.h"

namespace exhibit {
namespace {

struct Words {
  CaptureCause cause;
  std::string_view token, sentence, remedy;
};

constexpr Words table[] = {
    {CaptureCause::none, "", "", ""},
    {CaptureCause::action_not_set, "action-not-set", "this signature does not log packets on the sensor",
     "set log-attacker-packets for this signature"},
    {CaptureCause::summary_alert, "summary-alert", "a summary alert brings no log of its own",
     "see the incident of its first alert"},
    {CaptureCause::writers_busy, "writers-busy", "the sensor was already writing as many logs as it can",
     "log fewer signatures, or shorten ip-log-time"},
    {CaptureCause::overwritten, "overwritten", "overwritten on the sensor before we could fetch it",
     "shorten ip-log-time or log fewer signatures, so that the ring lasts longer"},
    {CaptureCause::sensor_unreachable, "sensor-unreachable",
     "the sensor could not be reached until its ring had turned", "check the path to the sensor"},
    {CaptureCause::login_refused, "login-refused", "the sensor refused our login", "check the account on the sensor"},
    {CaptureCause::certificate_refused, "certificate-refused", "the sensor's certificate is not the pinned one",
     "compare the fingerprint with the sensor and renew the pin"},
    {CaptureCause::id_unknown, "id-unknown", "the sensor does not know this log", "compare iplog-status on the sensor"},
    {CaptureCause::empty_log, "empty-log", "the sensor's log is empty: no packet followed the alert", ""},
    {CaptureCause::damaged_log, "damaged-log", "what the sensor gave is no readable capture",
     "fetch the log by hand while the sensor still has it"},
    {CaptureCause::content_mismatch, "content-mismatch", "the log holds neither the attacker nor the target",
     "compare the log's id on the sensor"},
    {CaptureCause::too_large, "too-large", "the log is larger than we take", "raise the limit, or set ip-log-bytes"},
    {CaptureCause::sensor_restarted, "sensor-restarted", "the sensor restarted and its logs went with it",
     "ask why the sensor restarted"},
    {CaptureCause::policy_never, "policy-never", "nobody asked for it while the sensor still had it",
     "fetch at once: set capture for this severity"},
    {CaptureCause::other_tenant, "other-tenant", "the log belongs to another customer's network", "ask the provider"},
    {CaptureCause::store_off, "store-off", "captures are not stored for this customer", "switch the evidence store on"},
    {CaptureCause::disk_full, "disk-full", "the evidence store was full", "make room; the operator was told"},
};

const Words& words(CaptureCause cause) {
  for (const Words& entry : table)
    if (entry.cause == cause) return entry;
  return table[0];
}

}  // namespace

std::string_view token(CaptureCause cause) { return words(cause).token; }

CaptureCause parse_cause(std::string_view text) {
  for (const Words& entry : table)
    if (entry.token == text) return entry.cause;
  return CaptureCause::none;
}

std::string_view sentence(CaptureCause cause) { return words(cause).sentence; }
std::string_view remedy(CaptureCause cause) { return words(cause).remedy; }

}  // namespace exhibit
