#include "base/sha256.h"
#include "base/text.h"
#include "base/utc.h"
#include "embedded/web_assets.h"
#include "web/pages.h"

namespace exhibit::web {
namespace {

Node hidden(std::string_view name, std::string_view value) {
  return element("input").with("type", "hidden").with("name", name).with("value", value);
}

Node page_head(const Frame& frame, const Assets& files) {
  Node head = element("head");
  head.append(element("meta").with("charset", "utf-8"));
  head.append(element("meta").with("name", "viewport").with("content", "width=device-width, initial-scale=1"));
  head.append(element("meta").with("name", "color-scheme").with("content", "light dark"));
  head.append(element("title", {}, cat(frame.title, " · Exhibit")));
  head.append(element("link").with("rel", "icon").with("href", files.icon));
  head.append(element("link").with("rel", "stylesheet").with("href", files.style));
  if (frame.with_module) head.append(element("script").with("type", "module").with("src", files.module));
  if (!frame.refresh_seconds.empty())
    head.append(
        element("noscript").add(element("meta").with("http-equiv", "refresh").with("content", frame.refresh_seconds)));
  return head;
}

Node top_bar(const Frame& frame) {
  Node bar = element("header", "bar");
  bar.append(element("a", "mark", "Exhibit").with("href", frame.base + "/"));
  if (frame.user.empty()) return bar;
  bar.append(element("nav", "", {element("a", "", "All incidents").with("href", frame.base + "/")}));
  Node form = element("form", "who").with("method", "post").with("action", frame.base + "/sign-out");
  form.append(hidden("token", frame.csrf));
  form.append(element("span", "", frame.user).with("title", cat("signed in until ", frame.until)));
  form.append(element("button", "quiet", "Sign out").with("type", "submit"));
  bar.append(std::move(form));
  return bar;
}

Node field(std::string_view label, std::string_view name, std::string_view type, std::string_view autocomplete) {
  Node out = element("label", "", label);
  out.append(element("input")
                 .with("name", name)
                 .with("type", type)
                 .with("autocomplete", autocomplete)
                 .with("required", "required"));
  return out;
}

}  // namespace

Assets assets(const std::string& base) {
  const auto address = [&](std::string_view name, std::string_view content, std::string_view end) {
    return cat(base, "/assets/", name, "-", hex(sha256(content)).substr(0, 12), end);
  };
  return {address("exhibit", web_assets::style, ".css"), address("evidence", web_assets::module, ".js"),
          address("icon", web_assets::icon, ".svg")};
}

std::string whole_page(const Frame& frame, Node main) {
  Node body = element("body");
  body.append(element("a", "skip", "Skip to the evidence").with("href", "#main"));
  body.append(top_bar(frame));
  body.append(std::move(main));
  Node html = element("html").with("lang", "en");
  html.append(page_head(frame, assets(frame.base)));
  html.append(std::move(body));
  return cat("<!DOCTYPE html>\n", to_html(html), "\n");
}

Node message_page(std::string_view title, std::string_view what) {
  Node main = element("main", "narrow").with("id", "main");
  main.append(element("h1", "", title));
  main.append(element("p", "lede", what));
  return main;
}

Node sign_in_page(const std::string& base, std::string_view to, std::string_view token, std::string_view problem) {
  Node form = element("form", "card sign-in").with("method", "post").with("action", base + "/sign-in");
  form.append(hidden("to", to));
  form.append(hidden("token", token));
  if (!problem.empty()) form.append(element("p", "problem", problem).with("role", "alert"));
  form.append(field("Name", "user", "text", "username"));
  form.append(field("Password", "password", "password", "current-password"));
  form.append(element("button", "primary", "Sign in").with("type", "submit"));
  Node main = element("main", "narrow").with("id", "main");
  main.append(element("h1", "", "Sign in to see the evidence"));
  if (to.starts_with("/e/")) main.append(element("p", "lede", "The link from your ticket opens right after."));
  main.append(std::move(form));
  return main;
}

Node list_page(const std::string& base, const std::vector<ListedIncident>& incidents) {
  Node main = element("main").with("id", "main");
  main.append(element("h1", "", "Latest incidents"));
  if (incidents.empty()) {
    main.append(element("p", "lede", "None yet. An incident stands here as soon as its first alert is stored."));
    return main;
  }
  Node body = element("tbody");
  for (const ListedIncident& one : incidents) {
    const IncidentRow& row = one.row;
    const std::string path = cat(base, "/e/", row.link.text);
    Node line = element("tr");
    line.append(element("td", "mono",
                        {element("a", "", row.number.empty() ? "no ticket yet" : row.number).with("href", path)}));
    line.append(element("td", cat("sev sev-", token(row.severity)), token(row.severity)));
    line.append(element("td", "when", spoken_time(one.zone, row.first_time)));
    line.append(element("td", "", one.tenant_name));
    line.append(element("td", "mono what", row.group));
    line.append(element("td", "count", grouped(row.alerts)));
    body.append(std::move(line));
  }
  Node head = element("tr");
  for (const std::string_view name :
       {"Ticket", "Severity", "When", "Customer", "Signature, attacker, target", "Alerts"})
    head.append(element("th", "", name).with("scope", "col"));
  Node table = element("table", "list");
  table.append(element("thead", "", {std::move(head)}));
  table.append(std::move(body));
  main.append(element("div", "scroll", {std::move(table)}).with("tabindex", "0"));
  return main;
}

}  // namespace exhibit::web
