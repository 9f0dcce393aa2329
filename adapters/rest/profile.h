#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/rest/template.h"
#include "base/result.h"
#include "exhibit/types.h"

/// A desk's dialect as data: which requests an operation is made of, and what proves that it was done. Pure.
///
/// Texts of a profile are templates (template.h). A place in an answer is a JSON pointer, "$body" for the whole answer
/// as it came, or "header:Name", with "|base64", "|sha256", "|lines" or "|text" behind it to read it through.
/// docs/writing-a-profile.md tells it all; schemas/profile.schema.json is its grammar.
namespace exhibit::rest {

/// What an answer, or a row of it, must hold.
struct Proof {
  Values equals;                    ///< Place to template: equal, byte for byte.
  Values contains;                  ///< Place to template: part of it.
  Values matches;                   ///< Place to regular expression; of a list, every item.
  Values rejects;                   ///< Place to regular expression that tells of a refusal; of a list, any item.
  std::vector<std::string> exists;  ///< Places that hold something.
  std::map<std::string, Values, std::less<>> has;  ///< Place of a list to what one of its items must equal.

  [[nodiscard]] bool empty() const {
    return equals.empty() && contains.empty() && matches.empty() && exists.empty() && has.empty();
  }
};

/// One part of a multipart body, in the order in which the profile has them.
struct Part {
  std::string name, type, filename, text;
  std::shared_ptr<const Json> json;
  bool evidence = false;
};

struct Capture {
  std::string from;
  std::string match;  ///< A regular expression; its first group is what is kept.
};

struct Paging {
  enum class Kind { none, number, offset, token } kind = Kind::none;
  std::string parameter;
  std::string next;  ///< Of tokens: the place of the next one.
  std::size_t first = 1, size = 0;
};

/// What it means when a look does not hold.
struct Otherwise {
  exh_rc rc = EXH_RETRY;
  std::string cause, text;
};

enum class BodyKind { none, json, form, evidence, multipart };
enum class FieldsAs { none, members, patch };

/// One request and what its answer must hold.
struct Request {
  std::string method, path;
  std::string only_if;  ///< Left out when this template becomes empty.
  Values query, headers;
  BodyKind body = BodyKind::none;
  std::shared_ptr<const Json> json;
  Values form;
  std::vector<Part> parts;
  std::string type;  ///< Content type, when it is not the usual one of its body.
  FieldsAs fields = FieldsAs::none;
  std::string fields_under;  ///< Pointer below which the tenant's own fields go.

  std::vector<int> status = {200, 201};
  std::vector<int> none_status;  ///< Means: no rows.
  Proof proof;
  Proof done_if;  ///< When the answer holds this, the whole operation is done already.
  std::optional<Otherwise> otherwise;
  std::map<std::string, Capture, std::less<>> capture;

  std::string rows;           ///< Place of the list of found rows; empty: the answer is one thing.
  bool has_rows = false;      ///< Since the list may be the whole answer.
  std::string id, number;     ///< Places, below a row or from the root.
  bool skips_others = false;  ///< Rows that are not equal are expected, and no sign of a search that lies.
  Values take;                ///< Name to place: what a reader hands on.
  Values where;               ///< Place to regular expression: rows that are of no interest are passed over.
  std::vector<Request> each;  ///< Asked for each row, whose taken values are "row.NAME".
  Paging page;

  bool looks = false;     ///< It changes nothing on the desk.
  bool harmless = false;  ///< It may be done twice: an upload that nothing points at yet.
  bool once = false;      ///< A read-back that is needed only until it held for the first time.
};

struct Operation {
  std::vector<Request> requests;
};

struct Mapping {
  std::string of, other;
  Values values;
};

/// A way to log in, taken when the login holds all that it needs.
struct AuthWay {
  std::vector<std::string> needs;
  Values headers;
  std::string user, password;  ///< Of basic, when one of them is set.
  bool oauth2 = false;
  Values values;  ///< For bodies: "{auth.NAME}".
};

/// An answer that means something else on this desk than elsewhere.
struct ErrorRule {
  std::vector<int> status;
  Values matches;  ///< Place to regular expression.
  std::string as;  ///< retry denied gone rejected unknown exists done
  std::string cause;
};

struct RateHeader {
  enum class Kind { seconds_left, epoch_s, iso8601, http_date } kind = Kind::seconds_left;
  std::string header;
};

struct Limits {
  std::size_t title = 0, public_text = 0, internal_text = 0, note = 0;  ///< Code points; 0: none.
  std::uint64_t attachment_bytes = 0, json_bytes = 0;
};

/// One name and the values, split at commas, that make it true.
struct OneOf {
  std::string of, values;
};

struct PollRules {
  std::size_t batch = 25;
  std::string item = "{ticket}", join = ",";  ///< How the asked tickets become "{tickets}".
  std::int64_t overlap_s = 300;
  OneOf closed, is_public;
};

struct Profile {
  std::string name, ticket_url, note_marker;
  std::vector<std::string> about;
  std::string text_format = "plain";
  bool internal_as_note = false;  ///< The desk takes the internal text only as a note of its own.
  bool repeatable = false;        ///< The desk itself knows a repeat by its key: there is nothing to look for.
  bool fields_as_text = false;    ///< It takes its fields as texts only.
  Values values;
  std::map<std::string, Mapping, std::less<>> maps;
  std::vector<std::string> error_text;
  std::vector<std::string> neutralise;  ///< Marks that the desk would obey in plain text, such as "code" for [code].
  Values headers;                       ///< Of every request.
  std::vector<AuthWay> auth;
  std::vector<ErrorRule> errors;
  std::vector<RateHeader> rate;
  std::map<std::string, Operation, std::less<>> operations;
  Limits limits;
  PollRules poll;

  [[nodiscard]] const Operation* find(std::string_view name) const;
};

/// bad_input: what is missing, unknown or of the wrong kind, and where.
Result<Profile> parse_profile(std::string_view json);

/// What a map makes of a profile: keys that name a value or a mapping change it, all others are fields of the ticket.
struct Dialect {
  Values values;
  std::map<std::string, Mapping, std::less<>> maps;
  std::string fields_json = "{}";
};
Dialect dialect_of(const Profile& profile, const Json& map);

}  // namespace exhibit::rest
