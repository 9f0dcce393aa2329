#pragma once

#include <string>
#include <string_view>

#include "base/text.h"
#include "sensorproto/sdee/subscription.h"

/// What a sensor answers to a subscription's requests.
namespace exhibit {

inline std::string body(std::string_view inside) {
  return cat("<env:Envelope xmlns:env='e' xmlns:sd='s'><env:Header/><env:Body>", inside, "</env:Body></env:Envelope>");
}
inline std::string fault(std::string_view code) {
  return body(cat("<env:Fault><env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>sd:", code,
                  "</env:Value></env:Subcode></env:Code><env:Reason>no</env:Reason></env:Fault>"));
}
inline const std::string opened = body("<sd:subscriptionId>sub-7</sd:subscriptionId>");
inline std::string alert(int id) {
  return body(cat("<sd:events><sd:evIdsAlert eventId='", id, "'><sd:time>", id,
                  "000000000</sd:time></sd:evIdsAlert></sd:events>"));
}

/// What it wants next, in one word, and by which request.
inline std::string wants(SdeeSubscription& subscription) {
  const SdeeSubscription::Step next = subscription.next();
  if (const auto* halted = std::get_if<SdeeSubscription::Halted>(&next)) return "halted " + halted->cause;
  if (std::holds_alternative<SdeeSubscription::AwaitCommit>(next)) return "await";
  if (std::holds_alternative<SdeeSubscription::Pause>(next)) return "pause, " + wants(subscription);
  const std::string& target = std::get<SensorRequest>(next).target;
  if (target.find("action=open") != std::string::npos) return "open";
  return target.find("confirm=yes") != std::string::npos ? "get, confirmed" : "get, not confirmed";
}

}  // namespace exhibit
