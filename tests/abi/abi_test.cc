#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "tests/program.h"

namespace {

std::pair<int, std::string> run(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> piece{};
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe)) output.append(piece.data(), got);
  return {::pclose(pipe), output};
}

const std::string library = std::string(EXHIBIT_BINARY_DIR) + "/lib/libexhibit.so";

TEST(Abi, AHostInCLoadsThePluginAndWalksAnEngineThroughItsLife) {
  std::string state = (std::filesystem::temp_directory_path() / "exhibit-abi-XXXXXX").string();
  ASSERT_NE(::mkdtemp(state.data()), nullptr);
  const auto [code, output] = run(std::string(EXHIBIT_BINARY_DIR) + "/bin/c_host " + library + " " + state);
  EXPECT_EQ(code, 0) << output;
  EXPECT_NE(output.find("all held"), std::string::npos) << output;
  std::filesystem::remove_all(state);
}

TEST(Abi, AHostInCThatKeepsTheTicketsItselfGetsEachOnceWithItsNoteAndItsFile) {
  using exhibit::test::Program;
  std::string state = (std::filesystem::temp_directory_path() / "exhibit-abi-XXXXXX").string();
  ASSERT_NE(::mkdtemp(state.data()), nullptr);
  const std::string bin = std::string(EXHIBIT_BINARY_DIR) + "/bin/", secret = "SENSOR_PASSWORD=sensor-secret";
  Program sensor(bin + "exhibit-sim-sensor",
                 {"--plain", "--user", "exhibit", "--password-env", "SENSOR_PASSWORD", "--log-seconds", "1", "--scenario",
                  "load", "--alerts", "4", "--until-stdin-closes"},
                 {secret}, state + "/sensor.errors");
  const auto ready = sensor.line(std::chrono::seconds(10));
  ASSERT_TRUE(ready);
  const std::size_t at = ready->find("http://");
  const std::string url = ready->substr(at, ready->find('"', at) - at);
  Program host(bin + "c_host_tickets", {library, state + "/state", url, "4"}, {secret}, state + "/host.errors");
  std::string said;
  while (const auto line = host.line(std::chrono::seconds(40))) said += *line + "\n";
  EXPECT_EQ(host.status(std::chrono::seconds(10)), 0) << said;
  EXPECT_NE(said.find("4 whole of 4, 0 asked twice"), std::string::npos) << said;
  std::filesystem::remove_all(state);
}

TEST(Abi, EachLibraryExportsExactlyItsOneSymbol) {
  for (const auto& [file, symbol] :
       {std::pair{library, "exhibit_plugin_entry"},
        {std::string(EXHIBIT_BINARY_DIR) + "/lib/libexhibit-adapter-rest.so", "exhibit_adapter_entry"},
        {std::string(EXHIBIT_BINARY_DIR) + "/lib/libexhibit-adapter-webhook.so", "exhibit_adapter_entry"},
        {std::string(EXHIBIT_BINARY_DIR) + "/lib/libexhibit-adapter-email.so", "exhibit_adapter_entry"}}) {
    const auto [code, output] = run("nm -D --defined-only " + file + " | awk '{print $3}'");
    EXPECT_EQ(code, 0);
    EXPECT_EQ(output, symbol + std::string("\n"));
  }
}

TEST(Abi, TheTicketSidesHttpLibraryNeverEntersTheHostsProcess) {
  const auto [code, output] = run("ldd " + library);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(output.find("cpprest"), std::string::npos) << output;
}

TEST(Abi, TheHeadersAreGoodInC11AndInEachCxx) {
  const std::string include = std::string(" -I") + EXHIBIT_SOURCE_DIR + "/plugin/include ";
  for (const char* header : {"exhibit/plugin.h", "exhibit/adapter.h", "exhibit/host_tickets.h"}) {
    const std::string source = std::string("printf '#include <") + header + ">\\n' | ";
    EXPECT_EQ(run(source + "cc -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only" + include + "-x c -").first, 0)
        << header;
    for (const char* standard : {"c++11", "c++17", "c++20"})
      EXPECT_EQ(run(source + "c++ -std=" + standard + " -Wall -Wextra -Wpedantic -Werror -fsyntax-only" + include +
                    "-x c++ -")
                    .first,
                0)
          << header;
  }
}

TEST(Abi, TheAdaptersCxxHeaderNeedsNothingButItsNeighbourAndTheStandardLibrary) {
  const std::string include = std::string(" -I") + EXHIBIT_SOURCE_DIR + "/plugin/include ";
  const auto [code, output] =
      run("printf '#include <exhibit/adapter.hpp>\n' | c++ -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wconversion "
          "-Werror -fsyntax-only" +
          include + "-x c++ -");
  EXPECT_EQ(code, 0) << output;
}

}  // namespace
