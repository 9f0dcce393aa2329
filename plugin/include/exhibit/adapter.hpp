/// Write a class, get the table of adapter.h. Header only, C++20; includes nothing but adapter.h and the standard
/// library.
///
///   class Desk {
///    public:
///     static Description describe();
///     static Opened<Desk> open(const Services& services, std::string_view config);
///     Verdict probe();
///     Verdict apply(const Operation& operation);
///     Verdict find(const Operation& operation);        // not required; without it look_up is false
///     Verdict poll(std::string_view request);           // not required
///     Verdict read(std::string_view ticket);            // not required
///     Verdict preview(const Operation& operation);     // not required
///     void cancel();                                    // not required; the only one called from any thread
///   };
///   EXHIBIT_ADAPTER(Desk)
///
/// What a method throws becomes EXH_INTERNAL and never crosses the border. Text that is not UTF-8 is mended in the
/// result, so the result is always valid JSON. All views are valid for the call only.
#ifndef EXHIBIT_ADAPTER_HPP
#define EXHIBIT_ADAPTER_HPP

#include <exhibit/adapter.h>

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace exhibit::adapter {

inline std::string_view view(exh_str text) { return {text.ptr == nullptr ? "" : text.ptr, text.len}; }
inline exh_str borrowed(std::string_view text) { return {text.data(), text.size()}; }

/// False when the reader wants no more.
inline bool put(exh_sink sink, std::string_view text) {
  return sink.put == nullptr || sink.put(sink.ctx, text.data(), text.size()) == 0;
}

/// A sink that appends to `text`.
inline exh_sink into(std::string& text) {
  return {&text, [](void* ctx, const char* bytes, std::size_t length) -> std::int32_t {
            try {
              static_cast<std::string*>(ctx)->append(bytes, length);
              return 0;
            } catch (...) {
              return 1;  // No memory: the writer is told to stop.
            }
          }};
}

namespace detail {

/// The length of the well-formed UTF-8 sequence at the front (RFC 3629), or 0.
inline std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0, surrogate = first == 0xED && byte(1) >= 0xA0;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first < 0xF5) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90, beyond = first == 0xF4 && byte(1) >= 0x90;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

inline void append_escaped(std::string& out, char character) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(character);
  if (character == '"' || character == '\\') {
    (out += '\\') += character;
  } else if (character == '\n') {
    out += "\\n";
  } else if (value < 0x20 || value == 0x7F) {
    ((out += "\\u00") += digits[value >> 4]) += digits[value & 15];
  } else {
    out += character;
  }
}

}  // namespace detail

/// A JSON string literal with its quotes; ill-formed bytes become U+FFFD.
inline std::string json_text(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = detail::sequence_length(text);
    if (length == 1)
      detail::append_escaped(out, text.front());
    else
      length == 0 ? out += "\xEF\xBF\xBD" : out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out += '"';
}

/// Writes one flat JSON object; empty texts are left out.
class ObjectWriter {
 public:
  ObjectWriter& text(std::string_view name, std::string_view value) {
    return value.empty() ? *this : raw(name, json_text(value));
  }
  ObjectWriter& number(std::string_view name, std::uint64_t value) { return raw(name, std::to_string(value)); }
  ObjectWriter& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  /// A finished JSON value, put in as it is.
  ObjectWriter& raw(std::string_view name, std::string_view json) {
    if (out_.size() > 1) out_ += ',';
    ((out_ += json_text(name)) += ':') += json;
    return *this;
  }
  [[nodiscard]] std::string json() const { return out_ + '}'; }

 private:
  std::string out_ = "{";
};

/// What is known of an operation now: the return code and the result of adapter.h in one.
struct Verdict {
  exh_rc rc = EXH_UNKNOWN;
  std::string ticket = {}, number = {}, url = {};
  bool already_there = false;
  std::uint32_t retry_after_ms = 0;
  std::string cause = {};     ///< A token, such as content-refused.
  std::string text = {};      ///< A sentence for people; never a secret.
  std::size_t matches = 0;    ///< Rows that are truly equal.
  std::string document = {};  ///< Finished JSON.

  [[nodiscard]] std::string json() const {
    ObjectWriter json;
    json.text("ticket", ticket).text("number", number).text("url", url);
    if (already_there) json.flag("already_there", true);
    if (retry_after_ms != 0) json.number("retry_after_ms", retry_after_ms);
    json.text("cause", cause).text("text", text);
    if (matches != 0) json.number("matches", matches);
    if (!document.empty()) json.raw("document", document);
    return json.json();
  }
};

/// `look_up` and `poll` are not asked for: the class has the method or has it not.
struct Description {
  std::string adapter, version;
  std::vector<std::string> operations = {"ensure", "note", "link", "attach", "state"};
  bool stable_id = false;     ///< A repeat under the same op_id does no harm, so it needs no look-up.
  std::string limits = "{}";  ///< JSON.
};

/// One piece of evidence; a repeat may rewind.
class Evidence {
 public:
  explicit Evidence(const exh_blob& blob) : blob_(&blob) {}
  [[nodiscard]] std::string_view name() const { return view(blob_->name); }
  [[nodiscard]] std::string_view mime() const { return view(blob_->mime); }
  [[nodiscard]] std::string_view sha256() const { return view(blob_->sha256); }
  [[nodiscard]] std::uint64_t length() const { return blob_->length; }
  [[nodiscard]] const exh_blob* blob() const { return blob_; }

  /// All of it; nothing when it is longer than `bytes_max` or cannot be read to its end.
  [[nodiscard]] std::optional<std::string> read_all(std::uint64_t bytes_max) const {
    if (length() > bytes_max) return std::nullopt;
    std::string bytes(static_cast<std::size_t>(length()), '\0');
    for (std::size_t at = 0; at < bytes.size();) {
      const std::int64_t got = blob_->read(blob_->ctx, at, bytes.data() + at, bytes.size() - at);
      if (got <= 0) return std::nullopt;
      at += static_cast<std::size_t>(got);
    }
    return bytes;
  }

 private:
  const exh_blob* blob_;
};

/// What the engine asks for; a view of an exh_op.
class Operation {
 public:
  explicit Operation(const exh_op& op) : op_(&op) {}
  [[nodiscard]] std::uint32_t kind() const { return op_->kind; }
  [[nodiscard]] std::string_view op_id() const { return view(op_->op_id); }
  [[nodiscard]] std::string_view correlation_id() const { return view(op_->correlation_id); }
  [[nodiscard]] std::string_view ticket() const { return view(op_->ticket); }
  [[nodiscard]] std::string_view body() const { return view(op_->body); }
  [[nodiscard]] std::uint32_t attempt() const { return op_->attempt; }
  [[nodiscard]] std::uint32_t deadline_ms() const { return op_->deadline_ms; }
  [[nodiscard]] std::vector<Evidence> evidence() const {
    std::vector<Evidence> all;
    const auto* at = reinterpret_cast<const char*>(op_->blobs);
    for (std::size_t i = 0; i < op_->blob_count; ++i, at += op_->blob_stride)
      all.emplace_back(*reinterpret_cast<const exh_blob*>(at));
    return all;
  }

 private:
  const exh_op* op_;
};

struct HttpHeader {
  std::string name, value;
  bool operator==(const HttpHeader&) const = default;
};

struct HttpRequest {
  std::string method, target;
  std::vector<HttpHeader> headers = {};
  std::string body = {};
  const exh_blob* blob = nullptr;  ///< Instead of `body`, when set.
  std::uint32_t deadline_ms = 0;
};

struct HttpAnswer {
  exh_rc rc = EXH_UNKNOWN;  ///< As exh_http.ask returns it; but for EXH_OK, `body` is a sentence that says why.
  int status = 0;
  std::uint32_t retry_after_ms = 0;
  std::string content_type = {}, body = {};
};

/// What the runner offers. A small value; it stays good until the link closes.
class Services {
 public:
  explicit Services(const exh_services* services) : services_(services) {}

  /// level: 0 debug, 1 info, 2 warning, 3 error. Never a secret.
  void log(int level, std::string_view text) const { services_->log(services_->ctx, level, borrowed(text)); }
  [[nodiscard]] const void* extension(const char* id) const { return services_->extension(services_->ctx, id); }
  [[nodiscard]] bool has_http() const { return extension("exh.http/1") != nullptr; }

  [[nodiscard]] HttpAnswer ask(const HttpRequest& request) const {
    const auto* const http = static_cast<const exh_http*>(extension("exh.http/1"));
    if (http == nullptr) return {.rc = EXH_UNSUPPORTED, .body = "the runner offers no HTTP"};
    std::vector<exh_http_header> headers;
    for (const HttpHeader& header : request.headers) headers.push_back({borrowed(header.name), borrowed(header.value)});
    exh_http_request asked{};
    asked.size = sizeof asked;
    asked.method = borrowed(request.method);
    asked.target = borrowed(request.target);
    asked.headers = headers.data();
    asked.header_count = headers.size();
    asked.body = borrowed(request.body);
    asked.blob = request.blob;
    asked.deadline_ms = request.deadline_ms;
    exh_http_answer got{};
    got.size = sizeof got;
    HttpAnswer answer;
    answer.rc = http->ask(http->ctx, &asked, &got, into(answer.content_type), into(answer.body));
    answer.status = got.status;
    answer.retry_after_ms = got.retry_after_ms;
    return answer;
  }

 private:
  const exh_services* services_;
};

/// What `open` gives: a link, or the sentence that says what is wrong with the configuration.
template <typename Link>
struct Opened {
  std::unique_ptr<Link> link = {};
  std::string refusal = {};
};

template <typename T>
concept Link = requires(T link, const Services& services, std::string_view text, const Operation& operation) {
  { T::describe() } -> std::same_as<Description>;
  { T::open(services, text) } -> std::same_as<Opened<T>>;
  { link.probe() } -> std::same_as<Verdict>;
  { link.apply(operation) } -> std::same_as<Verdict>;
};
template <typename T>
concept CanFind = requires(T link, const Operation& operation) {
  { link.find(operation) } -> std::same_as<Verdict>;
};
template <typename T>
concept CanPoll = requires(T link, std::string_view request) {
  { link.poll(request) } -> std::same_as<Verdict>;
};
template <typename T>
concept CanRead = requires(T link, std::string_view ticket) {
  { link.read(ticket) } -> std::same_as<Verdict>;
};
template <typename T>
concept CanPreview = requires(T link, const Operation& operation) {
  { link.preview(operation) } -> std::same_as<Verdict>;
};
template <typename T>
concept CanCancel = requires(T link) {
  link.cancel();
};

namespace detail {

template <Link T>
struct Border {
  static T& self(exh_link* link) { return *reinterpret_cast<T*>(link); }

  /// Whatever the work throws becomes a return code.
  template <typename Work>
  static exh_rc guarded(exh_sink result, Work work) noexcept {
    try {
      const Verdict verdict = work();
      put(result, verdict.json());
      return verdict.rc;
    } catch (const std::exception& error) {
      return report(result, error.what());
    } catch (...) {
      return report(result, "the module failed");
    }
  }
  static exh_rc report(exh_sink result, const char* what) noexcept {
    try {
      put(result, ObjectWriter().text("cause", "module-fault").text("text", what).json());
    } catch (...) {
      // No memory even for the report: the code says enough.
    }
    return EXH_INTERNAL;
  }

  static exh_rc describe(exh_sink sink) noexcept {
    try {
      const Description description = T::describe();
      std::string operations = "[";
      for (const std::string& name : description.operations)
        operations += (operations.size() > 1 ? "," : "") + json_text(name);
      put(sink, ObjectWriter()
                    .text("adapter", description.adapter)
                    .text("version", description.version)
                    .raw("operations", operations + "]")
                    .flag("look_up", CanFind<T>)
                    .flag("stable_id", description.stable_id)
                    .flag("poll", CanPoll<T>)
                    .raw("limits", description.limits)
                    .json());
      return EXH_OK;
    } catch (...) {
      return EXH_INTERNAL;
    }
  }
  static exh_rc open(const exh_services* services, exh_str config, exh_sink sink, exh_link** out) noexcept {
    try {
      Opened<T> opened = T::open(Services(services), view(config));
      if (!opened.link) {
        put(sink, opened.refusal);
        return EXH_REJECTED;
      }
      *out = reinterpret_cast<exh_link*>(opened.link.release());
      return EXH_OK;
    } catch (const std::exception& error) {
      return report(sink, error.what());
    } catch (...) {
      return report(sink, "the module failed");
    }
  }
  static void close(exh_link* link) noexcept { delete &self(link); }
  static exh_rc probe(exh_link* link, exh_sink sink) noexcept {
    return guarded(sink, [&] { return self(link).probe(); });
  }
  static exh_rc apply(exh_link* link, const exh_op* op, exh_sink sink) noexcept {
    return guarded(sink, [&] { return self(link).apply(Operation(*op)); });
  }
  static exh_rc find(exh_link* link, const exh_op* op, exh_sink sink) noexcept requires CanFind<T> {
    return guarded(sink, [&] { return self(link).find(Operation(*op)); });
  }
  static exh_rc poll(exh_link* link, exh_str request, exh_sink sink) noexcept requires CanPoll<T> {
    return guarded(sink, [&] { return self(link).poll(view(request)); });
  }
  static exh_rc read(exh_link* link, exh_str ticket, exh_sink sink) noexcept requires CanRead<T> {
    return guarded(sink, [&] { return self(link).read(view(ticket)); });
  }
  static exh_rc preview(exh_link* link, const exh_op* op, exh_sink sink) noexcept requires CanPreview<T> {
    return guarded(sink, [&] { return self(link).preview(Operation(*op)); });
  }
  static void cancel(exh_link* link) noexcept requires CanCancel<T> { self(link).cancel(); }

  static exh_adapter make_table() {
    exh_adapter table{};
    table.size = sizeof(exh_adapter);
    table.abi_major = EXH_ADAPTER_MAJOR;
    table.abi_minor = EXH_ADAPTER_MINOR;
    table.describe = describe;
    table.open = open;
    table.close = close;
    table.probe = probe;
    table.apply = apply;
    if constexpr (CanFind<T>) table.find = find;
    if constexpr (CanPoll<T>) table.poll = poll;
    if constexpr (CanRead<T>) table.read = read;
    if constexpr (CanPreview<T>) table.preview = preview;
    if constexpr (CanCancel<T>) table.cancel = cancel;
    return table;
  }
};

}  // namespace detail

/// The table of a class; lives as long as the module.
template <Link T>
const exh_adapter* table_of() {
  static const exh_adapter table = detail::Border<T>::make_table();
  return &table;
}

}  // namespace exhibit::adapter

/// The module's one exported symbol. Write it once, outside every namespace.
#define EXHIBIT_ADAPTER(Class)                                                                                \
  extern "C" EXH_EXPORT const exh_adapter* exhibit_adapter_entry(std::uint32_t engine_major, std::uint32_t) { \
    return engine_major == EXH_ADAPTER_MAJOR ? exhibit::adapter::table_of<Class>() : nullptr;                 \
  }                                                                                                           \
  static_assert(true)

#endif
