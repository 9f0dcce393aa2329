#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace exhibit::test {

/// By what a string is meant to hurt.
enum class HostileClass {
  pages,
  desks,
  mail_headers,
  mail_bodies,
  tables,
  terminals,
  deceptive,
  paths,
  links,
  templates,
  injections,
  broken_utf8,
  shapes,
  harmless
};
std::string_view token(HostileClass kind);

struct HostileString {
  HostileClass kind;
  std::string text;
};

/// What packets and sensors may bring to hurt whatever shows it: markup, header and line breaks, encoded words,
/// terminal codes, characters that hide or reorder, paths, formulas, templates, broken UTF-8. More than a thousand, the
/// same on every call, each once; up to `count` when that is more, by pairs of them.
std::vector<HostileString> hostile_corpus(std::size_t count);
/// As many as EXHIBIT_HOSTILE says: 3000 in the long run.
std::vector<HostileString> hostile_corpus();
/// The same, only the texts.
std::vector<std::string> hostile_strings();

}  // namespace exhibit::test
