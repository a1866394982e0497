#include "gateway/tcp_door.h"

#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace duet {
namespace {

Error ListenError(const boost::system::error_code& error, const Endpoint& endpoint, std::string_view name,
                  std::string_view option) {
  const std::string port = std::string(name) + " port " + std::to_string(endpoint.port);
  const std::string change = "; choose another one with " + std::string(option);
  if (error == asio::error::address_in_use)
    return Error{ErrorCode::kUnavailable, port + " is already in use by another program" + change};
  if (error == asio::error::access_denied || error.value() == EPERM)
    return Error{ErrorCode::kRefused, "no permission to listen on " + port + " (ports below 1024 need root)" + change};
  if (error.value() == EADDRNOTAVAIL)
    return Error{ErrorCode::kNotFound, "this machine does not have the address " + endpoint.ip.ToString()};
  return Error{ErrorCode::kInternal, "cannot listen on " + port + ": " + error.message()};
}

asio::ip::address ToAsio(const IpAddress& ip) {
  if (ip.is_v4()) return asio::ip::address_v4(ip.v4());
  return asio::ip::address_v6(ip.octets);
}

boost::system::error_code OpenAcceptor(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

}  // namespace

IpAddress ToIpAddress(const asio::ip::address& address) {
  if (address.is_v4()) return IpAddress::FromV4(address.to_v4().to_bytes());
  return IpAddress::FromV6(address.to_v6().to_bytes());
}

Result<std::unique_ptr<TcpDoor>> TcpDoor::Listen(asio::io_context& io, const Endpoint& endpoint, std::string_view name,
                                                 std::string_view option) {
  std::unique_ptr<TcpDoor> door(new TcpDoor(io));
  const bool every = endpoint.ip.is_unspecified();
  const tcp::endpoint wanted =
      every ? tcp::endpoint(tcp::v6(), endpoint.port) : tcp::endpoint(ToAsio(endpoint.ip), endpoint.port);
  boost::system::error_code error = OpenAcceptor(door->acceptor_, wanted);
  if (every && (error.value() == EAFNOSUPPORT || error.value() == EADDRNOTAVAIL)) {  // a machine without IPv6
    door->acceptor_ = tcp::acceptor(io);
    error = OpenAcceptor(door->acceptor_, tcp::endpoint(tcp::v4(), endpoint.port));
  }
  if (error) return ListenError(error, endpoint, name, option);
  door->port_ = door->acceptor_.local_endpoint().port();
  return door;
}

void TcpDoor::Start(ConnectionGuard& guard, Log log, Serve serve) {
  asio::co_spawn(acceptor_.get_executor(), AcceptAll(guard, std::move(log), std::move(serve)), asio::detached);
}

void TcpDoor::Close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

asio::awaitable<void> TcpDoor::AcceptAll(ConnectionGuard& guard, Log log, Serve serve) {
  constexpr std::chrono::milliseconds kWait{100};
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(kAwait);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
    if (error) {
      // Out of descriptors or memory: what is open must be able to end.
      log.Warn("cannot accept a connection: " + error.message());
      asio::steady_timer timer(acceptor_.get_executor(), kWait);
      co_await timer.async_wait(kAwait);
      continue;
    }
    try {
      Admit(std::move(socket), guard, log, serve);
    } catch (const std::exception& failure) {  // no memory for it; the socket closes
      log.Error(std::string("cannot serve a connection: ") + failure.what());
    }
  }
}

void TcpDoor::Admit(tcp::socket socket, ConnectionGuard& guard, const Log& log, const Serve& serve) {
  boost::system::error_code gone;
  const tcp::endpoint peer = socket.remote_endpoint(gone);
  if (gone) return;
  socket.set_option(tcp::no_delay(true), gone);
  const IpAddress remote = ToIpAddress(peer.address());
  auto place = guard.Enter(remote);
  if (place == nullptr) {
    log.Debug("refused a connection from " + remote.ToString() + ": a limit is reached");
    return;  // the socket closes
  }
  asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket), remote, std::move(place)),
                 [log](std::exception_ptr failure) {
                   if (failure == nullptr) return;
                   try {
                     std::rethrow_exception(failure);
                   } catch (const std::exception& error) {
                     log.Error(std::string("a connection failed: ") + error.what());
                   } catch (...) {
                     log.Error("a connection failed");
                   }
                 });
}

}  // namespace duet
