#include "load/arrival_time.h"

#include <time.h>

#include <cstring>

namespace duet::load {
namespace {

int64_t Ns(const timespec& at) { return at.tv_sec * 1'000'000'000LL + at.tv_nsec; }

}  // namespace

bool NoteArrivals(int fd) {
  const int on = 1;
  return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) == 0;
}

int64_t ArrivalNs(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec at{};
    std::memcpy(&at, CMSG_DATA(c), sizeof(at));
    return Ns(at);
  }
  return 0;
}

int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return Ns(now);
}

}  // namespace duet::load
