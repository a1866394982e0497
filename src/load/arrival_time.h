// When a datagram came into its socket, by the kernel's clock. The delay until then is the server's own; what follows
// is the time that the load takes to get round to reading it.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace duet::load {

// Where recvmmsg puts the time.
struct ArrivalControl {
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(timespec))> bytes;
};

// Has the kernel note when datagrams come to `fd`; false when it cannot.
bool NoteArrivals(int fd);

// Of a datagram that was read with an ArrivalControl: nanoseconds of NowNs(), 0 when the kernel did not tell.
int64_t ArrivalNs(msghdr& message);

// The clock of the kernel's times: that of the wall.
int64_t NowNs();

}  // namespace duet::load
