#include "app/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace duet {
namespace {

namespace fs = std::filesystem;

// "Cannot read /x/y: Permission denied." and what to do about it where that is known.
Error SystemError(std::string_view doing, const fs::path& path, int error) {
  std::string message = "Cannot " + std::string(doing) + " " + path.string() + ": " + std::strerror(error) + ".";
  switch (error) {
    case EACCES:
    case EPERM: message += " Give the user that runs duet the right to it."; break;
    case ENOSPC:
    case EDQUOT: message += " Free some space on the disk."; break;
    case EROFS: message += " Choose a directory on a writable disk."; break;
    default: break;
  }
  // ENOTDIR: what should be a directory on the way is a file.
  const bool missing = error == ENOENT || error == ENOTDIR;
  return {missing ? ErrorCode::kNotFound : ErrorCode::kUnavailable, std::move(message)};
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

Result<std::string> ReadTextFile(const fs::path& path, size_t max_bytes) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return SystemError("read", path, errno);
  std::string text;
  char block[8192];
  for (;;) {
    const ssize_t n = read(file.get(), block, sizeof(block));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError("read", path, errno);
    if (n == 0) return text;
    text.append(block, static_cast<size_t>(n));
    if (text.size() > max_bytes)
      return Error{ErrorCode::kLimit, path.string() + " is longer than " + std::to_string(max_bytes) + " bytes."};
  }
}

Status WriteFileAtomically(const fs::path& path, std::string_view text, mode_t mode) {
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::string temporary = path.string() + ".XXXXXX";
  const FileDescriptor file(mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) return SystemError("write into", directory, errno);
  const bool written = fchmod(file.get(), mode) == 0 && WriteAll(file.get(), text) && fsync(file.get()) == 0;
  if (!written || rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(temporary.c_str());
    return SystemError("write", path, error);
  }
  // The new name is on the disk only when its directory is.
  const FileDescriptor holder(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (holder.get() >= 0) fsync(holder.get());
  return Ok{};
}

Status MakeDataDirectory(const fs::path& path) {
  std::error_code error;
  if (const fs::path parent = fs::absolute(path).parent_path(); !parent.empty()) fs::create_directories(parent, error);
  if (error) return SystemError("make the directory", fs::absolute(path).parent_path(), error.value());
  constexpr mode_t kOwnerOnly = 0700;
  if (mkdir(path.c_str(), kOwnerOnly) != 0 && errno != EEXIST) return SystemError("make the directory", path, errno);
  if (!fs::is_directory(path, error)) {
    return Error{ErrorCode::kRefused, path.string() + " is not a directory. Choose another one with --data."};
  }
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    Error failure = SystemError("write into the data directory", path, errno);
    failure.message += " Or choose another one with --data.";
    return failure;
  }
  return Ok{};
}

bool OthersMayRead(const fs::path& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

Result<DirectoryLock> DirectoryLock::Take(const fs::path& directory) {
  FileDescriptor holder(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (holder.get() < 0) return SystemError("open the directory", directory, errno);
  while (flock(holder.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return SystemError("lock the directory", directory, errno);
  }
  return DirectoryLock(holder.release());
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace duet
