#pragma once

#include <string>
#include <vector>

namespace exhibit::test {

/// What packets and sensors may bring to hurt whatever shows it: markup, header and line breaks, encoded words,
/// terminal codes, characters that hide or reorder, paths, formulas, templates, broken UTF-8. More than a thousand, the
/// same on every call, each once.
std::vector<std::string> hostile_strings();

}  // namespace exhibit::test
