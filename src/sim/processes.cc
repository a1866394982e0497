#include "sim/processes.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <string_view>
#include <system_error>

namespace duet::sim {
namespace {

[[noreturn]] void Throw(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

// One result: its failures, a line each and indented, then a line with the virtual microseconds.
std::string Encode(const SeedResult& result) {
  std::string text;
  for (std::string failure : result.failures) {
    std::replace(failure.begin(), failure.end(), '\n', ' ');
    text += " " + failure + "\n";
  }
  return text + std::to_string(result.virtual_time.us()) + "\n";
}

void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(2);
    text.remove_prefix(static_cast<size_t>(n));
  }
}

struct Worker {
  int fd = -1;
  pid_t pid = 0;
  std::string text;  // of the line that is not whole yet
  SeedResult next;
};

Worker Start(size_t first, size_t count, unsigned step, const std::function<SeedResult(size_t)>& run) {
  int ends[2];
  if (pipe(ends) != 0) Throw("pipe");
  std::cout.flush();
  const pid_t pid = fork();
  if (pid < 0) Throw("fork");
  if (pid == 0) {
    close(ends[0]);
    for (size_t i = first; i < count; i += step) WriteAll(ends[1], Encode(run(i)));
    _exit(0);
  }
  close(ends[1]);
  return {.fd = ends[0], .pid = pid, .text = {}, .next = {}};
}

void OnLine(Worker& worker, std::string line, const std::function<void(const SeedResult&)>& tell) {
  if (line.starts_with(' ')) {
    worker.next.failures.push_back(line.substr(1));
    return;
  }
  worker.next.virtual_time = Duration::Micros(std::stoll(line));
  tell(worker.next);
  worker.next = {};
}

// False at the end.
bool Read(Worker& worker, const std::function<void(const SeedResult&)>& tell) {
  char buffer[4096];
  const ssize_t n = read(worker.fd, buffer, sizeof buffer);
  if (n < 0 && errno == EINTR) return true;
  if (n <= 0) return false;
  worker.text.append(buffer, static_cast<size_t>(n));
  for (size_t end; (end = worker.text.find('\n')) != std::string::npos;) {
    OnLine(worker, worker.text.substr(0, end), tell);
    worker.text.erase(0, end + 1);
  }
  return true;
}

}  // namespace

void RunInProcesses(size_t count, unsigned jobs, const std::function<SeedResult(size_t)>& run,
                    const std::function<void(const SeedResult&)>& tell) {
  jobs = static_cast<unsigned>(std::min<size_t>(jobs, count));
  if (jobs <= 1) {
    for (size_t i = 0; i < count; ++i) tell(run(i));
    return;
  }
  std::vector<Worker> workers;
  for (unsigned i = 0; i < jobs; ++i) workers.push_back(Start(i, count, jobs, run));
  while (!workers.empty()) {
    std::vector<pollfd> waits;
    for (const Worker& worker : workers) waits.push_back({.fd = worker.fd, .events = POLLIN, .revents = 0});
    if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) Throw("poll");
    for (size_t i = workers.size(); i-- > 0;) {
      if (waits[i].revents == 0 || Read(workers[i], tell)) continue;
      close(workers[i].fd);
      int status = 0;
      waitpid(workers[i].pid, &status, 0);
      if (status != 0) std::cerr << "duet-sim: a process ended with status " << status << " before it was done\n";
      workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

}  // namespace duet::sim
