/// A complete adapter for an imaginary desk, the notebook: pages with comments, found by a reference.
///
///   GET  /pages?ref=REF           [{"id", "ref", "title", "text", "closed", "changed", "comments": [{"mark", "author",
///   "text"}]}] GET  /pages?changed_after=N   the pages that changed since, oldest first POST /pages {"ref", "title",
///   "text"} gives {"id"} POST /pages/ID/comments       {"mark", "text"} gives {}
///
/// It can be searched, so a lost answer is resolved by looking. Followed line by line in docs/writing-an-adapter.md.

#include <algorithm>
#include <exhibit/adapter.hpp>
#include <nlohmann/json.hpp>

namespace {

using exhibit::adapter::Description;
using exhibit::adapter::HttpAnswer;
using exhibit::adapter::HttpRequest;
using exhibit::adapter::Opened;
using exhibit::adapter::Operation;
using exhibit::adapter::Services;
using exhibit::adapter::Verdict;
using Json = nlohmann::json;

/// Foreign JSON never throws here: what is no JSON is `discarded`, and asking that for a member gives the default.
Json parsed(std::string_view text) { return Json::parse(text, nullptr, false); }

std::string text_at(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// An answer that was read means what its number says; no answer means what the runner says.
Verdict judge(const HttpAnswer& answer) {
  if (answer.rc != EXH_OK) return {.rc = answer.rc, .cause = "no-answer", .text = answer.body};
  Verdict verdict{
      .rc = EXH_UNKNOWN, .retry_after_ms = answer.retry_after_ms, .text = "HTTP " + std::to_string(answer.status)};
  if (answer.status == 200 || answer.status == 201) verdict.rc = EXH_OK;
  if (answer.status == 429) verdict.rc = EXH_RETRY;
  if (answer.status == 401) verdict.rc = EXH_DENIED;
  if (answer.status == 400 || answer.status == 413) verdict.rc = EXH_REJECTED;
  if (answer.status == 404) verdict.rc = EXH_GONE;
  return verdict;  // Anything else may have been kept: unknown, and the engine will look.
}

class Notebook {
 public:
  Notebook(Services services, std::string token) : services_(services), authorization_("Bearer " + token) {}

  static Description describe() {
    return {.adapter = "notebook", .version = "1", .operations = {"ensure", "note", "link"}};
  }

  static Opened<Notebook> open(const Services& services, std::string_view config) {
    const Json settings = parsed(config);
    const std::string token = settings.is_object() ? text_at(settings.value("login", Json()), "token") : std::string();
    if (token.empty()) return {.refusal = "the notebook needs login.token"};
    if (!services.has_http()) return {.refusal = "the notebook needs the runner's HTTP"};
    return {.link = std::make_unique<Notebook>(services, token)};
  }

  // Proves the login, and that a search for what cannot exist finds nothing.
  Verdict probe() {
    Verdict verdict = search("NO-SUCH-REFERENCE");
    if (verdict.rc == EXH_ABSENT) verdict.rc = EXH_OK;
    return verdict;
  }

  Verdict apply(const Operation& operation) {
    // A repeat looks first: the answer to an earlier attempt may have been lost.
    if (operation.attempt() > 1 || operation.kind() == EXH_OP_ENSURE)
      if (Verdict found = find(operation); found.rc != EXH_ABSENT) return found;
    const Json body = parsed(operation.body());
    switch (operation.kind()) {
      case EXH_OP_ENSURE: return make_page(operation, body);
      case EXH_OP_NOTE:
      case EXH_OP_LINK: return add_comment(operation, body);
      default: return {.rc = EXH_UNSUPPORTED, .text = "a notebook has no files and no states"};
    }
  }

  Verdict find(const Operation& operation) {
    Verdict page = search(operation.correlation_id());
    if (page.rc != EXH_OK || operation.kind() == EXH_OP_ENSURE) return page;
    for (const Json& comment : parsed(page.document).value("comments", Json::array()))
      if (text_at(comment, "mark") == operation.op_id()) return page;
    return {.rc = EXH_ABSENT};
  }

  // What people did since the cursor. Our own comments carry a mark and stay here.
  Verdict poll(std::string_view request) {
    const Json asked = parsed(request);
    std::uint64_t seen = asked.is_object() && asked.value("cursor", Json()).is_number_unsigned()
                             ? asked["cursor"].get<std::uint64_t>()
                             : 0;
    const HttpAnswer answer = ask("GET", "/pages?changed_after=" + std::to_string(seen == 0 ? 0 : seen - 1));
    if (Verdict verdict = judge(answer); verdict.rc != EXH_OK) return {.rc = EXH_RETRY, .text = verdict.text};
    Json tickets = Json::array();
    for (const Json& page : parsed(answer.body)) {
      seen = std::max(seen, page.value("changed", std::uint64_t{0}));
      Json comments = Json::array();
      for (const Json& comment : page.value("comments", Json::array()))
        if (text_at(comment, "mark").empty())
          comments.push_back({{"id", text_at(comment, "text")},
                              {"author", text_at(comment, "author")},
                              {"text", text_at(comment, "text")},
                              {"public", true}});
      tickets.push_back({{"ticket", text_at(page, "id")},
                         {"correlation_id", text_at(page, "ref")},
                         {"version", page.value("changed", 0)},
                         {"state", page.value("closed", false) ? "closed" : "open"},
                         {"closed", page.value("closed", false)},
                         {"comments", comments}});
    }
    return {.rc = EXH_OK, .document = Json({{"cursor", seen}, {"tickets", tickets}, {"more", false}}).dump()};
  }

 private:
  HttpAnswer ask(std::string method, std::string target, std::string body = "") {
    HttpRequest request{.method = std::move(method), .target = std::move(target), .body = std::move(body)};
    request.headers = {{"Authorization", authorization_}, {"Content-Type", "application/json"}};
    return services_.ask(request);
  }

  // EXH_OK with the page, EXH_ABSENT, or EXH_RETRY: a search that failed tells nothing.
  Verdict search(std::string_view reference) {
    const HttpAnswer answer = ask("GET", "/pages?ref=" + std::string(reference));
    if (Verdict verdict = judge(answer); verdict.rc != EXH_OK)
      return {.rc = verdict.rc == EXH_DENIED ? EXH_DENIED : EXH_RETRY, .cause = "look-up-failed", .text = verdict.text};
    const Json pages = parsed(answer.body);
    if (!pages.is_array()) return {.rc = EXH_RETRY, .cause = "look-up-failed", .text = "the answer is no list"};
    Verdict found{.rc = EXH_ABSENT};
    for (const Json& page : pages) {
      // A desk may ignore the filter and return every page: only equality counts.
      if (text_at(page, "ref") != reference) return {.rc = EXH_RETRY, .cause = "look-up-lies"};
      if (++found.matches > 1) continue;  // The first is the oldest.
      found.rc = EXH_OK;
      found.ticket = found.number = text_at(page, "id");
      found.document = page.dump();
    }
    found.already_there = found.rc == EXH_OK;
    return found;
  }

  Verdict make_page(const Operation& operation, const Json& body) {
    const Json page = {{"ref", operation.correlation_id()},
                       {"title", text_at(body, "title")},
                       {"text", text_at(body, "internal_text")}};
    const HttpAnswer answer = ask("POST", "/pages", page.dump());
    Verdict verdict = judge(answer);
    verdict.ticket = verdict.number = text_at(parsed(answer.body), "id");
    if (verdict.rc == EXH_OK && verdict.ticket.empty())
      verdict.rc = EXH_UNKNOWN;  // 200 with something else proves nothing.
    return verdict;
  }

  Verdict add_comment(const Operation& operation, const Json& body) {
    const Json comment = {{"mark", operation.op_id()}, {"text", text_at(body, "text")}};
    Verdict verdict = judge(ask("POST", "/pages/" + std::string(operation.ticket()) + "/comments", comment.dump()));
    verdict.ticket = operation.ticket();
    return verdict;
  }

  Services services_;
  std::string authorization_;
};

}  // namespace

EXHIBIT_ADAPTER(Notebook);
