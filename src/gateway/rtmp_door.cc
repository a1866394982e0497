#include "gateway/rtmp_door.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

namespace duet {

void KeepUnsentSmall(tcp::socket& socket) {
  const int bytes = RtmpDoor::kUnsentBytes;
  // Where the kernel does not know it, its buffers are larger and a slow viewer a little later.
  static_cast<void>(setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes)));
}

Result<uint16_t> RtmpDoor::Listen(const Endpoint& endpoint, asio::ssl::context* tls, std::string_view name,
                                  std::string_view option) {
  auto door = TcpDoor::Listen(io_, endpoint, name, option);
  if (!door.ok()) return door.error();
  doors_.push_back({std::move(*door), tls});
  return doors_.back().door->port();
}

void RtmpDoor::Serve(std::unique_ptr<RtmpContext> context) {
  context_ = std::move(context);
  for (const Door& door : doors_) {
    door.door->Start(context_->guard, context_->log,
                     [this, tls = door.tls](tcp::socket socket, IpAddress remote, auto place) {
                       return ServeRtmp(std::move(socket), tls, remote, std::move(place), *context_);
                     });
  }
}

void RtmpDoor::Close() {
  for (const Door& door : doors_) door.door->Close();
}

}  // namespace duet
