#include "relay/udp_path.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <chrono>
#include <utility>

namespace duet::relay {
namespace {

using boost::system::error_code;
using udp = UdpPath::udp;

constexpr size_t kLargestDatagram = 65'536;
// Each connection of a browser has some sockets, and reconnects bring new ones.
constexpr size_t kMostFlows = 64;
constexpr int kSocketBufferBytes = 1 << 20;

udp::endpoint AnyLoopbackPort() { return {boost::asio::ip::address_v4::loopback(), 0}; }

// Bursts of whole frames come faster than one thread forwards them. Less than asked for is no error.
void WidenBuffers(udp::socket& socket) {
  error_code ignored;
  socket.set_option(boost::asio::socket_base::receive_buffer_size(kSocketBufferBytes), ignored);
  socket.set_option(boost::asio::socket_base::send_buffer_size(kSocketBufferBytes), ignored);
}

}  // namespace

UdpPath::Flow::Flow(boost::asio::io_context& io, udp::endpoint client_address)
    : client(std::move(client_address)), socket(io, AnyLoopbackPort()), buffer(kLargestDatagram) {
  WidenBuffers(socket);
}

UdpPath::UdpPath(boost::asio::io_context& io, udp::endpoint server, RelayLink& up, RelayLink& down,
                 const OsClock& clock, Rng& rng)
    : io_(io),
      server_(std::move(server)),
      up_(up),
      down_(down),
      clock_(clock),
      rng_(rng),
      door_(io, AnyLoopbackPort()),
      buffer_(kLargestDatagram),
      timer_(io) {
  WidenBuffers(door_);
  ReceiveFromClient();
}

// The flows and what they have under way keep their former sockets alive until it has arrived, nobody reads those.
void UdpPath::Rebind() {
  const auto former = std::exchange(flows_, {});
  for (const auto& flow : former) {
    error_code ignored;
    flow->socket.cancel(ignored);
    flows_.push_back(std::make_shared<Flow>(io_, flow->client));
    ReceiveFromServer(flows_.back());
  }
}

void UdpPath::ReceiveFromClient() {
  door_.async_receive_from(boost::asio::buffer(buffer_), sender_, [this](error_code error, size_t size) {
    if (error == boost::asio::error::operation_aborted) return;
    // Other errors tell of an earlier datagram that nobody took.
    if (!error) Enter(FlowOf(sender_), true, buffer_.data(), size);
    ReceiveFromClient();
  });
}

void UdpPath::ReceiveFromServer(const std::shared_ptr<Flow>& flow) {
  flow->socket.async_receive_from(boost::asio::buffer(flow->buffer), flow->sender,
                                  [this, flow](error_code error, size_t size) {
                                    if (error == boost::asio::error::operation_aborted) return;
                                    if (!error && flow->sender == server_)
                                      Enter(flow, false, flow->buffer.data(), size);
                                    ReceiveFromServer(flow);
                                  });
}

std::shared_ptr<UdpPath::Flow> UdpPath::FlowOf(const udp::endpoint& client) {
  const auto known =
      std::find_if(flows_.begin(), flows_.end(), [&](const auto& flow) { return flow->client == client; });
  if (known != flows_.end()) return *known;
  if (flows_.size() == kMostFlows) {
    error_code ignored;
    flows_.front()->socket.cancel(ignored);
    flows_.pop_front();
  }
  flows_.push_back(std::make_shared<Flow>(io_, client));
  ReceiveFromServer(flows_.back());
  return flows_.back();
}

void UdpPath::Enter(const std::shared_ptr<Flow>& flow, bool up, const char* bytes, size_t size) {
  const RelayLink::Arrivals arrivals = (up ? up_ : down_).Pass(clock_.Now(), size, rng_);
  for (const auto& arrival : arrivals) {
    if (under_way_.size() >= kMostUnderWay) return;
    UnderWay datagram{flow, up, {bytes, bytes + size}};
    if (arrival.corrupt && size > 0) datagram.bytes[rng_.Below(size)] ^= static_cast<char>(1 << rng_.Below(8));
    under_way_.emplace(arrival.at, std::move(datagram));
  }
  Schedule();
}

// A full or refusing socket loses the datagram, as networks do.
void UdpPath::Deliver(UnderWay& datagram) {
  error_code ignored;
  udp::socket& socket = datagram.up ? datagram.flow->socket : door_;
  const udp::endpoint& to = datagram.up ? server_ : datagram.flow->client;
  socket.send_to(boost::asio::buffer(datagram.bytes), to, 0, ignored);
}

void UdpPath::Schedule() {
  const Time now = clock_.Now();
  while (!under_way_.empty() && under_way_.begin()->first <= now) {
    Deliver(under_way_.begin()->second);
    under_way_.erase(under_way_.begin());
  }
  const Time next = under_way_.empty() ? Time::Never() : under_way_.begin()->first;
  if (next == timer_at_) return;
  timer_at_ = next;
  timer_.cancel();
  if (next.is_never()) return;
  timer_.expires_after(std::chrono::microseconds((next - now).us()));
  timer_.async_wait([this](error_code error) {
    if (error) return;
    timer_at_ = Time::Never();
    Schedule();
  });
}

}  // namespace duet::relay
