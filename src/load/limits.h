// What the packets of a load would cost at least on this machine, now: encrypting each for its receiver and giving it
// to the kernel, and nothing else. No server can do with less as long as it uses these calls.
#pragma once

#include <cstddef>

namespace duet::load {

struct LimitOptions {
  size_t receivers = 100;
  double packets_per_second = 250;  // to each of them
  size_t packet_bytes = 1142;       // as on the wire: header, payload and tag
  size_t run = 1;                   // packets to one receiver in one UDP_SEGMENT message; 1 = sendmmsg alone
  double seconds = 3;
  int sender_core = -1;
  int receiver_core = -1;
  bool encrypt = true;
  bool fastest = false;  // by what the server encrypts with (AesGcm), else by OpenSSL's EVP as most servers do
  bool send = true;
};

struct LimitResult {
  double us_per_packet = 0;  // CPU of the sender
  // From the moment that the sender began with a packet's round (the same to every receiver) until it was in the
  // receiver's socket; busy senders have none.
  double delay_ms_p50 = 0;
  double delay_ms_p99 = 0;
};
LimitResult MeasureLimit(const LimitOptions& options);

}  // namespace duet::load
