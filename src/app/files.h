// The files of the data directory: read with a limit, written whole or not at all, and for the owner's eyes only.
// Errors are sentences that name the path and the system's reason.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace duet {

// kNotFound when it is not there, kLimit when it is longer than `max_bytes`.
Result<std::string> ReadTextFile(const std::filesystem::path& path, size_t max_bytes = 1 << 20);

// The file has either its old or its new content, also after a crash or a full disk.
Status WriteFileAtomically(const std::filesystem::path& path, std::string_view text, mode_t mode);

// Makes the directory with mode 0700, with its parents, when it is missing, and sees that files can be made in it.
Status MakeDataDirectory(const std::filesystem::path& path);

// Whether others than the owner may read the file.
bool OthersMayRead(const std::filesystem::path& path);

// One process at a time changes the files of a directory. Waits for its turn; released by the destructor.
class DirectoryLock {
 public:
  static Result<DirectoryLock> Take(const std::filesystem::path& directory);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace duet
