#include "load/process_meter.h"

#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace duet::load {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The number behind `name` in a file of "name: number" lines.
int64_t FieldOf(const std::string& text, const std::string& name) {
  const size_t at = text.find(name + ":");
  return at == std::string::npos ? 0 : std::atoll(text.c_str() + at + name.size() + 1);
}

fs::path ProcessPath(pid_t pid) { return fs::path("/proc") / (pid == 0 ? "self" : std::to_string(pid)); }

}  // namespace

ProcessUsage UsageOf(pid_t pid) {
  ProcessUsage usage;
  const fs::path process = ProcessPath(pid);
  std::error_code ignored;
  for (const auto& task : fs::directory_iterator(process / "task", ignored)) {
    usage.cpu_ns += std::atoll(ReadFile(task.path() / "schedstat").c_str());
    const std::string status = ReadFile(task.path() / "status");
    usage.switches += FieldOf(status, "voluntary_ctxt_switches") + FieldOf(status, "nonvoluntary_ctxt_switches");
  }
  // Behind the name, which may hold anything but ends with the last parenthesis: state is field 3, utime 14, stime 15.
  const std::string stat = ReadFile(process / "stat");
  std::stringstream fields(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
  std::string field;
  for (int i = 3; i <= 15 && fields >> field; ++i) {
    if (i == 14) usage.user_ticks = std::atoll(field.c_str());
    if (i == 15) usage.system_ticks = std::atoll(field.c_str());
  }
  usage.memory_kb = FieldOf(ReadFile(process / "status"), "VmRSS");
  return usage;
}

bool PinTo(pid_t pid, int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<size_t>(core), &cores);
  bool all = true;
  std::error_code error;
  for (const auto& task : fs::directory_iterator(ProcessPath(pid) / "task", error)) {
    const auto id = static_cast<pid_t>(std::atoll(task.path().filename().c_str()));
    all = sched_setaffinity(id, sizeof(cores), &cores) == 0 && all;
  }
  return all && !error;
}

}  // namespace duet::load
