// Control with one worker, driven by hand: sessions that enter with the SDK's real offer, and what came of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "auth/usersig.h"
#include "node/control.h"

namespace duet {

inline constexpr uint32_t kAppId = 1400000001;
inline constexpr int64_t kUnixNow = 1'800'000'000;

inline std::string SdkOffer() {
  std::ifstream file(std::string(DUET_SOURCE_DIR) + "/tests/golden/sdp/chromium-sdk-1v1-offer.sdp");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class ControlTest : public testing::Test {
 protected:
  ControlTest() {
    EXPECT_TRUE(apps_.Add({.sdk_app_id = kAppId, .secret_key = std::string(64, 'a'), .environment = "PRO"}).ok());
    Restart({});
  }
  void Restart(ControlConfig config) {
    if (config.workers.empty()) config.workers = {{{Endpoint{IpAddress::V4(127, 0, 0, 1), 40000}}}};
    config.local_fingerprint = {"sha-256", std::vector<uint8_t>(32, 0xab)};
    control_ = std::make_unique<Control>(config, apps_, rng_, Log());
  }
  SessionId Open(bool silent = false, bool secure = true) {
    const SessionId session(++last_session_);
    control_->OnInput(now_, kUnixNow,
                      {session, SessionOpened{.remote = "127.0.0.1:5000",
                                              .log = Log(),
                                              .silent = silent,
                                              .host = "calls.example.com",
                                              .secure = secure}});
    return session;
  }
  void CloseSocket(SessionId session) {
    control_->OnInput(now_, kUnixNow, {session, SessionClosed{}});
    Collect();
  }
  void Collect() {
    for (auto& output : control_->TakeOutputs()) outputs_.push_back(std::move(output));
    for (auto& [worker, command] : control_->TakeCommands()) {
      commands_.push_back(std::move(command));
      command_workers_.push_back(worker);
    }
  }
  template <typename Body>
  signal::Response Ask(SessionId session, Body body) {
    control_->OnInput(now_, kUnixNow, {session, signal::Request{int64_t{1}, std::move(body)}});
    const size_t before = outputs_.size();
    Collect();
    // The answer comes before everything that the request caused.
    EXPECT_GT(outputs_.size(), before);
    EXPECT_EQ(outputs_[before].session, session);
    return std::get<signal::Response>(outputs_[before].what);
  }
  // Each time of another connection.
  signal::Enter EnterRequest(const std::string& user) {
    signal::Enter enter;
    enter.sdk_app_id = kAppId;
    enter.user_id = user;
    enter.user_sig = CreateUserSig(*apps_.Find(kAppId), user, kUnixNow, 3600);
    enter.room.value = uint32_t{1234};
    enter.room_template = signal::Template::k1v1;
    enter.offer = SdkOffer();
    const std::string ufrag = "a=ice-ufrag:";
    for (size_t at = 0; (at = enter.offer.find(ufrag, at)) != std::string::npos; at += ufrag.size())
      enter.offer.insert(at + ufrag.size(), std::to_string(connections_));
    ++connections_;
    enter.tracks = {{"0", signal::MediaKind::kAudio, signal::StreamType::kMain, true},
                    {"1", signal::MediaKind::kVideo, signal::StreamType::kMain, true}};
    return enter;
  }
  signal::EnterResult Enter(SessionId session, signal::Enter enter) {
    const auto response = Ask(session, std::move(enter));
    const auto* result = std::get_if<signal::EnterResult>(&response.body);
    if (result == nullptr) {
      ADD_FAILURE() << std::get<signal::SignalError>(response.body).message;
      return {};
    }
    return *result;
  }
  static std::string_view ErrorOf(const signal::Response& response) {
    const auto* error = std::get_if<signal::SignalError>(&response.body);
    return error != nullptr ? error->name : "ok";
  }
  template <typename N>
  std::vector<N> Told(SessionId session) {
    std::vector<N> told;
    for (const auto& output : outputs_) {
      const auto* notification = std::get_if<signal::Notification>(&output.what);
      if (output.session != session || notification == nullptr) continue;
      if (const N* match = std::get_if<N>(notification)) told.push_back(*match);
    }
    return told;
  }
  std::vector<CloseCode> Closed(SessionId session) {
    std::vector<CloseCode> codes;
    for (const auto& output : outputs_) {
      if (const auto* close = std::get_if<CloseSession>(&output.what); close != nullptr && output.session == session)
        codes.push_back(close->code);
    }
    return codes;
  }
  // The workers that the peers were put on, in the order of AddPeer.
  std::vector<size_t> WorkersOfPeers() const {
    std::vector<size_t> workers;
    for (size_t i = 0; i < commands_.size(); ++i) {
      if (std::holds_alternative<AddPeer>(commands_[i])) workers.push_back(command_workers_[i]);
    }
    return workers;
  }
  template <typename C>
  size_t Commands() {
    return static_cast<size_t>(
        std::count_if(commands_.begin(), commands_.end(), [](const auto& c) { return std::holds_alternative<C>(c); }));
  }

  AppRegistry apps_;
  SeededRng rng_{3};
  Time now_ = Time::FromMillis(1'800'000'000'000);
  std::unique_ptr<Control> control_;
  uint64_t last_session_ = 0;
  int connections_ = 0;
  std::vector<ControlOutput> outputs_;
  std::vector<WorkerCommand> commands_;
  std::vector<size_t> command_workers_;  // to whom each of them goes
};

}  // namespace duet
