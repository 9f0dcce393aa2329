#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/sim/desk_tables.h"
#include "adapters/sim/http_server.h"
#include "adapters/sim/misbehaviour.h"

namespace exhibit::sim {

/// A ServiceNow-style desk: its Table and Attachment API, plain pages of its tickets, and faults on request.
///
/// Thread-safe: the server calls `handle` from many threads.
class Desk {
 public:
  struct Options {
    std::string user = {}, password = {};        ///< No password: every login passes.
    bool strict_query = false;                   ///< An invalid query finds nothing, instead of too much.
    std::chrono::milliseconds settle_hidden{0};  ///< A new record is not found by a search for so long.
  };

  /// `say` gets one JSON object for each thing stored and each fault met.
  Desk(Options options, std::function<WallTime()> clock, std::function<void(const std::string&)> say);

  void order(Misbehaviour misbehaviour);
  HttpReply handle(const HttpRequest& request);

 private:
  struct Route {
    std::string resource = {}, table = {}, id = {}, tail = {};
    bool version_1 = false;
  };
  struct Call {
    std::string kind, method, path;
    bool reused = false;
  };

  HttpReply api(const HttpRequest& request);
  HttpReply perform(const HttpRequest& request, const Route& route, std::string_view lie);
  HttpReply control(const HttpRequest& request);
  HttpReply page(const HttpRequest& request) const;

  HttpReply create(const HttpRequest& request, const Route& route);
  HttpReply update(const HttpRequest& request, const Route& route);
  HttpReply get(const HttpRequest& request, const Route& route) const;
  HttpReply list(const HttpRequest& request, const Route& route, std::string_view lie) const;
  HttpReply attach(const HttpRequest& request);
  HttpReply download(const Route& route) const;
  [[nodiscard]] std::vector<const Record*> search(const std::string& table, const Parameters& parameters,
                                                  std::string_view lie) const;
  [[nodiscard]] std::string everything() const;

  static Route route_of(std::string_view path);
  [[nodiscard]] bool logged_in(const HttpRequest& request) const;
  void tell(std::string_view event, const Record& record, const Record& more);

  const Options options_;
  const std::function<void(const std::string&)> say_;
  mutable std::mutex mutex_;
  DeskTables tables_;
  Misbehaviours misbehaviours_;
  std::vector<Call> calls_;
};

}  // namespace exhibit::sim
