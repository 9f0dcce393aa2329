#pragma once

#include <fstream>
#include <string>
#include <string_view>

namespace exhibit::test {

inline void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace exhibit::test
