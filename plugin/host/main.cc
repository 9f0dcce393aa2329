#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "host/plugin_library.h"
#include "host/verbs.h"

using namespace exhibit::host;

namespace {

/// What the verbs that talk to a running server are told.
struct RunningServer {
  std::string state = "/var/lib/exhibit", tenant, what;
  bool json = false;
};

void add_server_verbs(CLI::App& app, RunningServer& server, int& code) {
  CLI::App* status_command = app.add_subcommand("status", "Ask the running server how it is");
  status_command->add_option("--state", server.state, "Its state folder")->capture_default_str();
  status_command->add_flag("--json", server.json);
  status_command->callback([&] { code = status(server.state, server.json); });

  CLI::App* resume_command =
      app.add_subcommand("resume", "Let a halted sensor, or a tenant's desk, try its login again");
  resume_command->add_option("tenant", server.tenant)->required();
  resume_command->add_option("what", server.what, "The sensor's name, or desk")->required();
  resume_command->add_option("--state", server.state, "The server's state folder")->capture_default_str();
  resume_command->callback([&] { code = resume(server.state, server.tenant, server.what); });

  CLI::App* user_command = app.add_subcommand("user", "Accounts of the evidence pages");
  user_command->require_subcommand(1);
  user_command->add_subcommand("hash", "Read a password, print what exhibit.yaml takes")->callback([&] {
    code = user_hash();
  });
}

/// What `exhibit desk …` is told.
struct DeskVerbs {
  DeskTestOptions test;
  DeskPreviewOptions preview;
  LettersOptions letters;
};

void add_desk_verbs(CLI::App& app, DeskVerbs& desk, int& code) {
  CLI::App* desk_command = app.add_subcommand("desk", "Ticketing systems: prove them, and what could not be delivered");
  desk_command->require_subcommand(1);
  CLI::App* test = desk_command->add_subcommand("test", "Make, find, note, read and close one marked ticket");
  test->add_option("name", desk.test.desk, "The desk's name in the configuration")->required();
  test->add_option("--config", desk.test.config, "The provider's file")->capture_default_str();
  test->add_flag("--read-only", desk.test.read_only, "Only log in and search: for production");
  test->add_flag("--json", desk.test.json);
  test->callback([&] { code = desk_test(desk.test); });

  CLI::App* preview = desk_command->add_subcommand("preview", "Show the requests that an alert would cause; send none");
  preview->add_option("name", desk.preview.desk, "The desk's name in the configuration")->required();
  preview->add_option("--alert", desk.preview.alert, "A sensor's answer (SDEE) that holds the alert")
      ->required()
      ->check(CLI::ExistingFile);
  preview->add_option("--config", desk.preview.config, "The provider's file")->capture_default_str();
  preview->add_option("--disclosure", desk.preview.disclosure, "full, masked, headers or none")
      ->check(CLI::IsMember({"full", "masked", "headers", "none"}));
  preview->add_flag("--json", desk.preview.json);
  preview->callback([&] { code = desk_preview(desk.preview); });

  CLI::App* letters = desk_command->add_subcommand("letters", "What could not be delivered and waits for a person");
  LettersOptions& asked = desk.letters;
  letters->add_option("tenant", asked.tenant)->required();
  letters->add_option("id", asked.id, "The letter to decide about; without it they are listed");
  letters->add_option("decision", asked.decision, "again, link-only, put-into (with --ticket) or expire");
  letters->add_option("--ticket", asked.ticket, "The desk's own id of the ticket that is there already");
  letters->add_option("--number", asked.number, "Its number, as people read it");
  letters->add_option("--state", asked.state, "The server's state folder")->capture_default_str();
  letters->add_flag("--json", asked.json, "The letters whole, as they would be sent");
  letters->callback([&] { code = desk_letters(asked); });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Exhibit puts the packet capture of an intrusion alert into its ticket"};
  app.set_version_flag("--version", EXHIBIT_VERSION);
  app.require_subcommand(1);
  int code = 0;

  ServeOptions serve_options;
  for (const auto& [name, verb, says] :
       {std::tuple{"serve", &serve, "Follow the sensors and serve the evidence until SIGTERM"},
        {"check", &check, "Check the configuration; every mistake with its place"}}) {
    CLI::App* command = app.add_subcommand(name, says);
    command->add_option("--config", serve_options.config, "The provider's file")->capture_default_str();
    command->add_option("--tenants", serve_options.tenants,
                        "Folder of the customers' files; by default tenants/ beside the provider's file");
    command->callback([&code, &serve_options, run = verb] { code = run(serve_options); });
  }

  DemoOptions demo_options;
  CLI::App* demo_command = app.add_subcommand("demo", "Run everything against a simulated sensor and desk");
  demo_command->add_flag("--once", demo_options.once, "Play the scenario to its end, then stop");
  demo_command->add_flag("--json", demo_options.json, "Print one JSON document on standard output");
  auto* pcap = demo_command->add_option("--pcap", demo_options.pcap, "Use the flows of this capture as attacks")
                   ->check(CLI::ExistingFile);
  demo_command
      ->add_option("--answers", demo_options.answers, "Let the sensor give the *.xml of this folder as its answers")
      ->check(CLI::ExistingDirectory)
      ->excludes(pcap);
  demo_command->add_option("--desk", demo_options.desks, "Deliver to the desk of this file instead; may be repeated")
      ->check(CLI::ExistingFile);
  demo_command->callback([&] { code = demo(demo_options); });

  DecodeOptions decode_options;
  CLI::App* decode_command = app.add_subcommand("decode", "Print the packets of a capture file, one a line");
  decode_command->add_option("file", decode_options.file)->required();
  decode_command->add_flag("--json", decode_options.json, "One JSON object a packet");
  decode_command->add_option("--filter", decode_options.filter, "Only packets that match, in libpcap's language");
  decode_command->callback([&] { code = decode(decode_options); });

  DeskVerbs desk;
  add_desk_verbs(app, desk, code);
  RunningServer server;
  add_server_verbs(app, server, code);

  try {
    app.parse(argc, argv);
    return code;
  } catch (const CLI::ParseError& error) {
    const int asked = app.exit(error, std::cout, std::cerr);
    return asked == 0 ? 0 : 2;
  } catch (const Failure& failure) {
    const std::string text = failure.what();
    std::fprintf(stderr, "%s%s", text.c_str(), text.ends_with('\n') ? "" : "\n");
    return failure.exit_code();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "exhibit: %s\n", error.what());
    return 1;
  }
}
