#include "incident/ticket_template.h"

#include <algorithm>
#include <array>
#include <kainjow/mustache.hpp>

#include "base/text.h"
#include "base/utc.h"
#include "incident/packet_text.h"
#include "incident/template_samples.h"
#include "incident/ticket_words.h"
#include "incident/wrap.h"

namespace exhibit {
namespace {

using kainjow::mustache::data;
using kainjow::mustache::mustache;

constexpr std::size_t rendered_bytes_max = 65'536;

constexpr std::array common_names = {
    "tenant", "severity", "priority", "priority_reason", "block",          "answer",           "when",   "utc",
    "risk",   "attacker", "target",   "target_address",  "target_port",    "attacker_address", "title",  "signature",
    "link",   "capture",  "alerts",   "signature_id",    "signature_name", "event_id",         "sensor", "history",
    "ref",    "filter",   "high",     "blocked"};
constexpr std::array packet_names = {"sentence", "packet"};

enum class Sink { title, public_text, internal_text, note };

std::string_view token(Sink sink) {
  switch (sink) {
    case Sink::title: return "title";
    case Sink::public_text: return "public_text";
    case Sink::internal_text: return "internal_text";
    case Sink::note: break;
  }
  return "note";
}

/// The built-in text of this sink, by the name that a template knows it by.
std::string_view own_name(Sink sink) { return sink == Sink::note ? "text" : token(sink); }

bool may_show_packets(Sink sink) { return sink == Sink::internal_text || sink == Sink::note; }

template <typename Names>
bool has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// What is wrong with one tag's inside, "#captures" say; empty: nothing.
std::string wrong_in_tag(std::string_view tag, Sink sink) {
  if (tag.starts_with('!')) return {};
  if (tag.starts_with('>')) return "partials ({{>}}) are not known here";
  if (tag.starts_with('=')) return "other delimiters ({{=}}) are not known here";
  if (tag.starts_with('#') || tag.starts_with('^') || tag.starts_with('/') || tag.starts_with('&') ||
      tag.starts_with('{'))
    tag.remove_prefix(1);
  if (tag.ends_with('}')) tag.remove_suffix(1);
  const std::string_view name = trim(tag);
  if (has(common_names, name) || name == own_name(sink)) return {};
  if (has(packet_names, name))
    return may_show_packets(sink) ? "" : cat("{{", name, "}} shows packet content, and the customer reads this text");
  return cat("there is no name {{", harmless(cut_utf8(name, 40)), "}}");
}

/// Names are read from the template's text: rendering would show only those that stand in sections it enters.
std::string wrong_name(std::string_view text, Sink sink) {
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    const std::size_t end = text.find("}}", at + 2);
    if (end == std::string_view::npos) break;
    if (std::string wrong = wrong_in_tag(trim(text.substr(at + 2, end - at - 2)), sink); !wrong.empty()) return wrong;
    at = end + 2;
  }
  return {};
}

data values_of(const TicketView& view, Sink sink, const TicketText& built_in) {
  const Alert& alert = *view.first;
  const Endpoint no_target;
  const Endpoint& target = alert.targets.empty() ? no_target : alert.targets.front();
  data values;
  // For mustache an empty text is as true as any other: as a section it should not be.
  const auto put = [&](const char* name, std::string_view value) {
    values.set(name, value.empty() ? data(false) : data(harmless(value)));
  };
  put("tenant", view.tenant_name);
  put("severity", exhibit::token(alert.severity));
  put("priority", cat(view.priority.number));
  put("priority_reason", view.priority.reason);
  put("block", block_line(alert));
  put("answer", answer_words(view));
  put("when", spoken_time(view.zone, alert.time));
  put("utc", iso_utc(alert.time));
  put("attacker", alert.attacker ? endpoint_words(view, *alert.attacker) : "");
  put("attacker_address", alert.attacker ? alert.attacker->address : "");
  put("target", alert.targets.empty() ? "" : endpoint_words(view, target));
  put("target_address", target.address);
  put("target_port", target.port ? cat(*target.port) : "");
  put("signature", signature_words(alert));
  put("signature_id", defanged(cut_short(alert.signature_id, 20)));
  put("signature_name", signature_name(alert));
  put("risk", alert.risk ? cat(*alert.risk) : "");
  put("sensor", alert.sensor.text);
  put("event_id", defanged(cut_short(alert.event_id, 24)));
  put("capture",
      view.captures.empty() ? cat("none: ", sentence(view.no_capture)) : capture_words(view, view.captures.front()));
  put("alerts", cat(view.alerts));
  put("history", view.history);
  put("link", view.link);
  put("ref", view.correlation);
  put("filter", display_filter(alert));
  put("title", built_in.title);
  values.set("high", alert.severity == Severity::high);
  values.set("blocked", alert.block.kind == Block::Kind::blocked);
  if (sink == Sink::public_text) values.set("public_text", built_in.public_text);
  if (sink == Sink::internal_text) values.set("internal_text", built_in.internal_text);
  if (sink == Sink::note) values.set("text", built_in.internal_text);
  if (may_show_packets(sink)) {
    put("sentence", headline(view));
    const Decoded packet = alert.trigger_packet.empty() ? Decoded{} : decode(alert.trigger_packet, link_unknown);
    const std::string lines = view.disclosure == Disclosure::none ? "" : join(trigger_packet_lines(view, packet), "\n");
    values.set("packet", lines.empty() ? data(false) : data(lines));
  }
  return values;
}

struct Rendered {
  std::string text, problem;  ///< One of them is empty.
};

Rendered rendered(const std::string& source, const data& values) {
  try {
    mustache compiled(source);
    if (!compiled.is_valid()) return {{}, compiled.error_message()};
    compiled.set_custom_escape([](const std::string& text) { return text; });  // Each sink escapes in its own way.
    std::string text(trim(compiled.render(values)));
    if (text.empty()) return {{}, "it makes an empty text"};
    if (text.size() > rendered_bytes_max) return {{}, "it makes a text without end"};
    if (!is_utf8(text)) return {{}, "it makes a text that is no UTF-8"};
    return {std::move(text), {}};
  } catch (const std::exception& error) {
    return {{}, error.what()};
  }
}

/// Lines over the limit are broken, but never one with an address or a filter in it.
std::vector<std::string> lines_of(const std::string& text, const TicketView& view) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, "\n")) {
    const bool whole = code_points(line) <= columns_max || line.find(view.link) != std::string_view::npos ||
                       line.find("==") != std::string_view::npos;
    if (whole) {
      lines.emplace_back(line);
      continue;
    }
    for (std::string& piece : wrap(line)) lines.push_back(std::move(piece));
  }
  return lines;
}

std::string bounded(const std::string& text, const TicketView& view, bool with_reference, const std::string& says) {
  BoundedText body(ticket_lines_max, ticket_bytes_max);
  body.add(lines_of(text, view));
  const std::string fits = body.text();
  if (!view.short_because.empty())
    for (std::string& line : wrap(cat("This text is short because ", view.short_because, ".")))
      body.keep(std::move(line));
  if (!says.empty())
    for (std::string& line : wrap(says)) body.keep(std::move(line));
  if (fits.find(view.link) == std::string::npos) body.keep(cat("Packets   ", view.link));
  if (with_reference && fits.find(view.correlation) == std::string::npos)
    body.keep(cat("Ref       ", view.correlation, " (do not edit)"));
  return body.text();
}

std::string explained(const std::vector<TemplateMistake>& problems) {
  std::vector<std::string> words;
  for (const TemplateMistake& problem : problems)
    words.push_back(cat("the template \"", problem.sink, "\" was not used: ", harmless(cut_utf8(problem.what, 100))));
  return words.empty() ? "" : cat("Note: ", join(words, "; "), ".");
}

/// By the template, when there is one that can be used.
std::optional<std::string> made(const std::string& source, Sink sink, const TicketView& view,
                                const TicketText& built_in, std::vector<TemplateMistake>& problems) {
  if (source.empty()) return std::nullopt;
  Rendered got = rendered(source, values_of(view, sink, built_in));
  if (got.problem.empty()) return std::move(got.text);
  problems.push_back({std::string(token(sink)), std::move(got.problem)});
  return std::nullopt;
}

void check(const std::string& source, Sink sink, std::vector<TemplateMistake>& mistakes) {
  if (source.empty()) return;
  const auto wrong = [&](std::string what) { mistakes.push_back({std::string(token(sink)), std::move(what)}); };
  if (source.size() > template_bytes_max) return wrong(cat("it is longer than ", template_bytes_max, " bytes"));
  if (std::string name = wrong_name(source, sink); !name.empty()) return wrong(std::move(name));
  for (const TemplateSample& sample : template_samples()) {
    const Rendered got = rendered(source, values_of(sample.view(), sink, ticket_text(sample.view())));
    if (!got.problem.empty()) return wrong(cat(got.problem, " (tried with ", sample.name, ")"));
  }
}

}  // namespace

std::vector<TemplateMistake> check_templates(const TicketTemplates& templates) {
  std::vector<TemplateMistake> mistakes;
  check(templates.title, Sink::title, mistakes);
  check(templates.public_text, Sink::public_text, mistakes);
  check(templates.internal_text, Sink::internal_text, mistakes);
  check(templates.note, Sink::note, mistakes);
  return mistakes;
}

TemplatedText templated(const TicketTemplates& templates, const TicketView& view, TicketText built_in) {
  TemplatedText out{built_in, {}};
  if (templates == TicketTemplates{}) return out;
  if (const auto title = made(templates.title, Sink::title, view, built_in, out.problems))
    out.text.title = cut_utf8(harmless(replace_all(*title, "\n", " ")), ticket_title_max);
  if (const auto text = made(templates.public_text, Sink::public_text, view, built_in, out.problems))
    out.text.public_text = join(lines_of(*text, view), "\n");
  const auto internal = made(templates.internal_text, Sink::internal_text, view, built_in, out.problems);
  if (internal)
    out.text.internal_text = bounded(*internal, view, true, explained(out.problems));
  else if (!out.problems.empty())
    out.text.internal_text = cat(built_in.internal_text, "\n", join(wrap(explained(out.problems)), "\n"));
  return out;
}

TemplatedText templated_note(const TicketTemplates& templates, const TicketView& view, std::string built_in) {
  TemplatedText out{{{}, {}, std::move(built_in)}, {}};
  const TicketText as_it_is = out.text;
  if (const auto note = made(templates.note, Sink::note, view, as_it_is, out.problems))
    out.text.internal_text = bounded(*note, view, false, {});
  else if (!out.problems.empty())
    out.text.internal_text += cat("\n", join(wrap(explained(out.problems)), "\n"));
  return out;
}

}  // namespace exhibit
