#include "exhibit/plugin.h"

#include <exception>
#include <memory>

#include "abi/engine.h"
#include "base/json.h"
#include "base/text.h"
#include "embedded/schemas.h"

/// The table the host calls. Every entry is noexcept: what is thrown behind it becomes EXH_INTERNAL and a sentence.
namespace {

using exhibit::Engine;
using exhibit::write_to;

std::string_view view(exh_str text) { return text.ptr ? std::string_view(text.ptr, text.len) : std::string_view(); }
Engine* engine_of(exh_engine* engine) { return reinterpret_cast<Engine*>(engine); }

std::string one_mistake(std::string_view what) { return exhibit::mistakes_json({{0, 0, "", std::string(what), ""}}); }

template <typename Work>
exh_rc guarded(exh_sink report, Work work) noexcept {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return EXH_INTERNAL;
  } catch (const std::exception& error) {
    try {
      write_to(report, one_mistake(error.what()));
    } catch (...) {
      return EXH_INTERNAL;
    }
    return EXH_INTERNAL;
  } catch (...) {
    return EXH_INTERNAL;
  }
}

exh_rc reported(exh_sink report, const exhibit::Result<void>& result, exh_rc otherwise) {
  if (result) return EXH_OK;
  write_to(report, one_mistake(result.error().text));
  return otherwise;
}

exh_rc describe(exh_sink json) noexcept {
  return guarded({}, [&] {
    exhibit::JsonWriter out;
    out.object()
        .member("name", "exhibit")
        .member("version", EXHIBIT_VERSION)
        .member("abi", std::to_string(EXH_PLUGIN_ABI_MAJOR) + "." + std::to_string(EXH_PLUGIN_ABI_MINOR));
    out.key("config_schema").raw(exhibit::schemas::host).key("tenant_schema").raw(exhibit::schemas::tenant);
    out.key("verbs").array();
    for (const char* verb : {"report", "read-desk", "resume", "fetch", "health", "web"})
      out.object().member("name", verb).member("needs_engine", true).end();
    for (const char* verb : {"decode", "user-hash"})
      out.object().member("name", verb).member("needs_engine", false).end();
    out.end().key("submit_kinds").array().value("adopt").end().end();
    write_to(json, out.text());
    return EXH_OK;
  });
}

exh_rc create(const exh_host* host, exh_str config, exh_sink report, exh_engine** out) noexcept {
  return guarded(report, [&]() -> exh_rc {
    if (!host || !out) return EXH_BADARG;
    *out = nullptr;
    if (host->abi_major != EXH_PLUGIN_ABI_MAJOR) return EXH_UNSUPPORTED;
    std::vector<exhibit::Mistake> mistakes;
    auto settings = exhibit::read_host_settings(view(config), mistakes);
    if (settings) exhibit::check_adapters(*settings, mistakes);
    write_to(report, exhibit::mistakes_json(mistakes));
    if (exhibit::any_mistake(mistakes)) return EXH_BADARG;
    *out = reinterpret_cast<exh_engine*>(new Engine(std::move(*settings), exhibit::HostTable(host)));
    return EXH_OK;
  });
}

void destroy(exh_engine* engine) noexcept {
  (void)guarded({}, [&] {
    delete engine_of(engine);
    return EXH_OK;
  });
}

exh_rc start(exh_engine* engine, exh_sink report) noexcept {
  return guarded(report,
                 [&] { return engine ? reported(report, engine_of(engine)->start(), EXH_REJECTED) : EXH_BADARG; });
}

exh_rc drain(exh_engine* engine, uint32_t budget_ms) noexcept {
  return guarded({}, [&]() -> exh_rc {
    if (!engine) return EXH_BADARG;
    if (!engine_of(engine)->running()) return EXH_STATE;
    return engine_of(engine)->drain(std::chrono::milliseconds{budget_ms}) ? EXH_OK : EXH_BUSY;
  });
}

exh_rc stop(exh_engine* engine) noexcept {
  return guarded({}, [&]() -> exh_rc {
    if (!engine) return EXH_BADARG;
    engine_of(engine)->stop();
    return EXH_OK;
  });
}

exh_rc tenant_check(exh_engine* engine, exh_str config, exh_sink report) noexcept {
  return guarded(report, [&]() -> exh_rc {
    if (!engine) return EXH_BADARG;
    const auto mistakes = engine_of(engine)->tenant_check(view(config));
    write_to(report, exhibit::mistakes_json(mistakes));
    return exhibit::any_mistake(mistakes) ? EXH_BADARG : EXH_OK;
  });
}

exh_rc tenant_put(exh_engine* engine, exh_str config, uint64_t generation, exh_sink report) noexcept {
  return guarded(report, [&]() -> exh_rc {
    if (!engine) return EXH_BADARG;
    std::vector<exhibit::Mistake> mistakes = engine_of(engine)->tenant_check(view(config));
    if (!mistakes.empty()) write_to(report, exhibit::mistakes_json(mistakes));
    if (exhibit::any_mistake(mistakes)) return EXH_BADARG;
    auto settings = exhibit::read_tenant_settings(view(config), engine_of(engine)->settings(), mistakes);
    return reported(report, engine_of(engine)->tenant_put(std::move(*settings), generation), EXH_REJECTED);
  });
}

exh_rc tenant_drop(exh_engine* engine, exh_str tenant, uint32_t) noexcept {
  return guarded({}, [&]() -> exh_rc {
    if (!engine) return EXH_BADARG;
    return engine_of(engine)->tenant_drop({std::string(view(tenant))}) ? EXH_OK : EXH_REJECTED;
  });
}

exh_rc command(exh_engine* engine, exh_str tenant, exh_str verb, exh_str args, exh_sink reply) noexcept {
  return guarded({}, [&]() -> exh_rc {
    if (exhibit::is_free_verb(view(verb))) return exhibit::free_command(view(verb), view(args), reply);
    if (!engine) return EXH_BADARG;
    if (!engine_of(engine)->running() && !exhibit::needs_no_start(view(verb))) return EXH_STATE;
    const auto result =
        engine_of(engine)->command(std::string(view(tenant)), std::string(view(verb)), std::string(view(args)));
    write_to(reply, result ? *result : result.error().text);
    if (result) return EXH_OK;
    return result.error().code == exhibit::Errc::unsupported ? EXH_UNSUPPORTED
           : result.error().code == exhibit::Errc::timeout   ? EXH_RETRY
                                                             : EXH_REJECTED;
  });
}

/// "adopt": this alert belongs to a ticket that somebody else opens. The receipt is the verb's reply.
exh_rc submit(exh_engine* engine, exh_str tenant, exh_str kind, exh_str payload, exh_sink receipt) noexcept {
  if (!engine) return EXH_BADARG;
  return view(kind) == "adopt" ? command(engine, tenant, kind, payload, receipt) : EXH_UNSUPPORTED;
}

exh_rc health(exh_engine* engine, exh_sink json) noexcept {
  return guarded({}, [&]() -> exh_rc {
    if (!engine) return EXH_BADARG;
    write_to(json, engine_of(engine)->health());
    return EXH_OK;
  });
}

exh_rc metrics(exh_engine* engine, exh_sink text) noexcept {
  return guarded({}, [&]() -> exh_rc {
    if (!engine) return EXH_BADARG;
    write_to(text, engine_of(engine)->metrics());
    return EXH_OK;
  });
}

const void* extension(exh_engine*, const char*) noexcept { return nullptr; }

constexpr exh_plugin table = {
    sizeof(exh_plugin),
    EXH_PLUGIN_ABI_MAJOR,
    EXH_PLUGIN_ABI_MINOR,
    0,
    describe,
    create,
    destroy,
    start,
    drain,
    stop,
    tenant_check,
    tenant_put,
    tenant_drop,
    submit,
    command,
    health,
    metrics,
    extension,
};

}  // namespace

extern "C" const exh_plugin* exhibit_plugin_entry(uint32_t host_major, uint32_t) {
  return host_major == EXH_PLUGIN_ABI_MAJOR ? &table : nullptr;
}
