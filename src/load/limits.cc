#include "load/limits.h"

#include <netinet/udp.h>
#include <openssl/evp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/check.h"
#include "core/srtp/aes_gcm.h"
#include "io/bound_socket.h"
#include "load/arrival_time.h"
#include "load/delay_histogram.h"

namespace duet::load {
namespace {

constexpr size_t kHeader = 20;
constexpr size_t kTimeAt = 8;  // when its round began, in the header
constexpr size_t kTag = 16;
constexpr size_t kMessages = 64;  // of one sendmmsg

struct CipherDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherDeleter>;

int64_t ThreadCpuNs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

int64_t MonotonicNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void PinThread(int core) {
  if (core < 0) return;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<size_t>(core), &cores);
  (void)pthread_setaffinity_np(pthread_self(), sizeof(cores), &cores);
}

// Sockets of receivers, emptied by a thread of their own.
class Receivers {
 public:
  Receivers(size_t count, int core) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (size_t i = 0; i < count; ++i) {
      auto opened = OpenBoundSocket({IpAddress::V4(127, 0, 0, 1), 0});
      DUET_CHECK(opened.ok());
      const int buffer = 1 << 20;
      setsockopt(opened->fd.get(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
      DUET_CHECK(NoteArrivals(opened->fd.get()));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = opened->fd.get();
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, opened->fd.get(), &event);
      sockets_.push_back(std::move(*opened));
    }
    thread_ = std::thread([this, core] { Run(core); });
  }
  ~Receivers() { Stop(); }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  // After Stop().
  const DelayHistogram& delay() const { return delay_; }
  Endpoint address(size_t i) const { return sockets_[i].local; }

 private:
  void Run(int core) {
    PinThread(core);
    std::array<std::array<char, 2048>, 16> buffers;
    std::array<iovec, 16> parts;
    std::array<ArrivalControl, 16> arrivals;
    std::array<mmsghdr, 16> messages{};
    for (size_t i = 0; i < 16; ++i) {
      parts[i] = {buffers[i].data(), buffers[i].size()};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    epoll_event events[256];
    while (!stop_) {
      const int n = epoll_wait(epoll_.get(), events, 256, 20);
      for (int i = 0; i < n; ++i) {
        for (int read = 16; read == 16;) {
          for (size_t k = 0; k < 16; ++k) {
            messages[k].msg_hdr.msg_control = arrivals[k].bytes.data();
            messages[k].msg_hdr.msg_controllen = arrivals[k].bytes.size();
          }
          read = recvmmsg(events[i].data.fd, messages.data(), 16, MSG_DONTWAIT, nullptr);
          for (int k = 0; k < read; ++k)
            Note(messages[static_cast<size_t>(k)].msg_hdr, buffers[static_cast<size_t>(k)].data());
        }
      }
    }
  }
  void Note(msghdr& message, const char* bytes) {
    int64_t began = 0;
    std::memcpy(&began, bytes + kTimeAt, sizeof(began));
    const int64_t arrived = ArrivalNs(message);
    if (began != 0 && arrived != 0) delay_.Add((arrived - began) / 1000);
  }

  OwnedFd epoll_;
  DelayHistogram delay_;
  std::vector<BoundSocket> sockets_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// One message: a run of packets to one receiver.
struct Message {
  std::vector<std::byte> bytes;
  std::vector<iovec> parts;
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(uint16_t))> control;
  sockaddr_storage address{};
  socklen_t address_length = 0;
  Cipher cipher;
  std::optional<AesGcm> fastest;
  uint64_t index = 0;
};

void Encrypt(Message& message, const std::byte* shared, size_t packet, const LimitOptions& options) {
  std::byte* out = message.bytes.data() + packet * options.packet_bytes;
  std::memcpy(out, shared, kHeader);
  AesGcm::Iv nonce{};
  std::memcpy(nonce.data(), &++message.index, sizeof(message.index));
  if (message.fastest) {
    const Bytes all(shared, options.packet_bytes - kTag);
    return message.fastest->Seal(nonce, all.first(kHeader), all.subspan(kHeader), out + kHeader);
  }
  const auto* iv = reinterpret_cast<const unsigned char*>(nonce.data());
  int n = 0;
  const auto* in = reinterpret_cast<const unsigned char*>(shared);
  auto* to = reinterpret_cast<unsigned char*>(out);
  const auto body = static_cast<int>(options.packet_bytes - kHeader - kTag);
  EVP_EncryptInit_ex(message.cipher.get(), nullptr, nullptr, nullptr, iv);
  EVP_EncryptUpdate(message.cipher.get(), nullptr, &n, in, kHeader);
  EVP_EncryptUpdate(message.cipher.get(), to + kHeader, &n, in + kHeader, body);
  EVP_EncryptFinal_ex(message.cipher.get(), to + kHeader + body, &n);
  EVP_CIPHER_CTX_ctrl(message.cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTag, to + kHeader + body);
}

void MakeMessages(const LimitOptions& options, const Receivers& receivers, std::vector<Message>& messages,
                  std::vector<mmsghdr>& headers) {
  constexpr std::array<unsigned char, 16> kKey{1, 2, 3};
  for (size_t i = 0; i < options.receivers; ++i) {
    Message& message = messages[i];
    message.bytes.resize(options.run * options.packet_bytes);
    for (size_t p = 0; p < options.run; ++p)
      message.parts.push_back({message.bytes.data() + p * options.packet_bytes, options.packet_bytes});
    message.cipher.reset(EVP_CIPHER_CTX_new());
    EVP_EncryptInit_ex(message.cipher.get(), EVP_aes_128_gcm(), nullptr, kKey.data(), nullptr);
    if (options.fastest) message.fastest.emplace(std::as_bytes(std::span(kKey)), AesGcm::Direction::kSeal);
    ToSockaddr(receivers.address(i), false, message.address, message.address_length);
    msghdr& header = headers[i].msg_hdr;
    header = {};
    header.msg_name = &message.address;
    header.msg_namelen = message.address_length;
    header.msg_iov = message.parts.data();
    header.msg_iovlen = message.parts.size();
    if (options.run == 1) continue;
    header.msg_control = message.control.data();
    header.msg_controllen = message.control.size();
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    const auto segment = static_cast<uint16_t>(options.packet_bytes);
    std::memcpy(CMSG_DATA(control), &segment, sizeof(segment));
  }
}

}  // namespace

LimitResult MeasureLimit(const LimitOptions& options) {
  Receivers receivers(options.receivers, options.receiver_core);
  auto opened = OpenBoundSocket({IpAddress::V4(127, 0, 0, 1), 0});
  DUET_CHECK(opened.ok());
  std::vector<Message> messages(options.receivers);
  std::vector<mmsghdr> headers(options.receivers);
  MakeMessages(options, receivers, messages, headers);
  std::vector<std::byte> shared(options.packet_bytes, std::byte{0x5a});
  LimitResult result;
  std::thread sender([&] {
    PinThread(options.sender_core);
    const auto interval_ns =
        static_cast<int64_t>(1e9 * static_cast<double>(options.run) / std::max(options.packets_per_second, 1.0));
    const int64_t end = MonotonicNs() + static_cast<int64_t>(options.seconds * 1e9);
    const int64_t cpu_before = ThreadCpuNs();
    uint64_t packets = 0;
    for (int64_t next = MonotonicNs(); next < end; next += interval_ns) {
      const timespec at{.tv_sec = next / 1'000'000'000, .tv_nsec = next % 1'000'000'000};
      if (options.packets_per_second > 0) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
      if (options.packets_per_second <= 0 && MonotonicNs() > end) break;
      const int64_t began = options.packets_per_second > 0 ? NowNs() : 0;
      std::memcpy(shared.data() + kTimeAt, &began, sizeof(began));
      for (size_t from = 0; from < options.receivers; from += kMessages) {
        const size_t count = std::min(kMessages, options.receivers - from);
        for (size_t i = from; i < from + count && options.encrypt; ++i) {
          for (size_t p = 0; p < options.run; ++p) Encrypt(messages[i], shared.data(), p, options);
        }
        for (size_t done = 0; done < count && options.send;) {
          const int sent = sendmmsg(opened->fd.get(), &headers[from + done], static_cast<unsigned>(count - done), 0);
          if (sent <= 0) break;
          done += static_cast<size_t>(sent);
        }
      }
      packets += options.receivers * options.run;
    }
    result.us_per_packet =
        static_cast<double>(ThreadCpuNs() - cpu_before) / 1000 / static_cast<double>(std::max<uint64_t>(packets, 1));
  });
  sender.join();
  receivers.Stop();
  result.delay_ms_p50 = receivers.delay().PercentileMs(0.5);
  result.delay_ms_p99 = receivers.delay().PercentileMs(0.99);
  return result;
}

}  // namespace duet::load
