// IceTransport: one end of an ICE session as Peer sees it. A server is an IceAgent (lite: it answers); a client is an
// IceClient (controlling: it checks the server's candidates). What differs between them ends here.
#pragma once

#include <span>
#include <utility>
#include <variant>

#include "core/ice/ice_agent.h"
#include "core/ice/ice_client.h"

namespace duet {

class IceTransport {
 public:
  // Lite.
  IceTransport(IceCredentials local, IceCredentials remote, IceOptions options)
      : ice_(std::in_place_type<IceAgent>, std::move(local), std::move(remote), options) {}
  // Controlling; see IceClient.
  IceTransport(IceCredentials local, IceCredentials remote, std::span<const Endpoint> candidates, IceOptions options,
               Rng& rng)
      : ice_(std::in_place_type<IceClient>, std::move(local), std::move(remote), candidates, options, rng) {}

  IceAgent::Outcome OnStun(Time now, const Endpoint& from, const StunMessage& message, Outbox& out) {
    if (IceAgent* agent = std::get_if<IceAgent>(&ice_)) return agent->OnStun(now, from, message, out);
    IceAgent::Outcome outcome;
    outcome.authentic = std::get<IceClient>(ice_).OnStun(now, from, message);
    return outcome;
  }
  bool IsKnown(const Endpoint& address) const {
    const IceAgent* agent = std::get_if<IceAgent>(&ice_);
    return agent != nullptr && agent->IsKnown(address);
  }
  IceAgent::Outcome Follow(Time now, const Endpoint& from) {
    if (IceAgent* agent = std::get_if<IceAgent>(&ice_)) return agent->Follow(now, from);
    return {};  // a client knows where the server is
  }
  void OnConnectionEnded(const Endpoint& address) {
    if (IceAgent* agent = std::get_if<IceAgent>(&ice_)) agent->OnConnectionEnded(address);
  }
  void OnTimer(Time now, Outbox& out) {
    if (IceAgent* agent = std::get_if<IceAgent>(&ice_)) return agent->OnTimer(now);
    std::get<IceClient>(ice_).OnTimer(now, out);
  }
  Time NextTimer() const {
    return std::visit([](const auto& ice) { return ice.NextTimer(); }, ice_);
  }
  // Nothing may be sent any more, until Restart.
  bool Lost(Time now) const {
    if (const IceAgent* agent = std::get_if<IceAgent>(&ice_)) return agent->ConsentExpired(now);
    const IceClient& client = std::get<IceClient>(ice_);
    return client.state() == IceClient::State::kFailed || client.ConsentExpired(now);
  }
  // Where to send to; nothing before the first check.
  const std::optional<Endpoint>& selected() const {
    if (const IceAgent* agent = std::get_if<IceAgent>(&ice_)) return agent->selected();
    return std::get<IceClient>(ice_).selected();
  }
  void Restart(IceCredentials local, IceCredentials remote, std::span<const Endpoint> candidates) {
    if (IceAgent* agent = std::get_if<IceAgent>(&ice_)) return agent->Restart(std::move(local), std::move(remote));
    std::get<IceClient>(ice_).Restart(std::move(local), std::move(remote), candidates);
  }

 private:
  std::variant<IceAgent, IceClient> ice_;
};

}  // namespace duet
