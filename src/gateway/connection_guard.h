// ConnectionGuard: counts the connections, in total and per address, and can end them all. The I/O thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <utility>

#include "base/endpoint.h"

namespace duet {

class ConnectionGuard {
 public:
  ConnectionGuard(size_t max_total, size_t max_per_address)
      : max_total_(max_total), max_per_address_(max_per_address) {}

  // One connection's place. Gives it back when it goes.
  class Place {
   public:
    explicit Place(ConnectionGuard& guard, const IpAddress& address) : guard_(guard), address_(address) {
      ++guard_.per_address_[address_];
      self_ = guard_.places_.insert(guard_.places_.end(), this);
    }
    ~Place() {
      guard_.places_.erase(self_);
      const auto entry = guard_.per_address_.find(address_);
      if (--entry->second == 0) guard_.per_address_.erase(entry);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    friend class ConnectionGuard;
    ConnectionGuard& guard_;
    const IpAddress address_;
    std::function<void()> abort_;
    std::list<Place*>::iterator self_;
  };

  // Says how to end the connection for as long as this lives.
  class Abortable {
   public:
    Abortable(Place& place, std::function<void()> abort) : place_(place) { place_.abort_ = std::move(abort); }
    ~Abortable() { place_.abort_ = nullptr; }
    Abortable(const Abortable&) = delete;
    Abortable& operator=(const Abortable&) = delete;

   private:
    Place& place_;
  };

  // Null when a limit is reached, or after AbortAll.
  std::unique_ptr<Place> Enter(const IpAddress& address) {
    if (closed_) return nullptr;
    const auto entry = per_address_.find(address);
    const bool too_many = entry != per_address_.end() && entry->second >= max_per_address_;
    if (too_many || places_.size() >= max_total_) return nullptr;
    return std::make_unique<Place>(*this, address);
  }

  size_t size() const { return places_.size(); }

  // Ends all connections and lets none in from now on.
  void AbortAll() {
    closed_ = true;
    for (Place* place : places_)
      if (place->abort_) place->abort_();
  }

 private:
  const size_t max_total_;
  const size_t max_per_address_;
  std::map<IpAddress, size_t> per_address_;
  std::list<Place*> places_;
  bool closed_ = false;
};

}  // namespace duet
