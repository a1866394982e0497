// The requests of somebody who is in a room.
#include <algorithm>

#include "node/control_state.h"

namespace duet {

using signal::MakeError;
using signal::SignalErrorKind;

namespace {

signal::SignalError NotAllowed() {
  return MakeError(SignalErrorKind::kNotAllowed, "Your role or your privateMapKey does not allow this.");
}

}  // namespace

Control::State::Reply Control::State::Dispatch(ControlSession& session, signal::RequestBody&& body) {
  if (auto* enter = std::get_if<signal::Enter>(&body)) return OnEnter(session, std::move(*enter));
  if (std::holds_alternative<signal::Ping>(body)) return {signal::PingResult{now.ms()}};
  Member* member = MemberOf(session);
  if (member == nullptr) return MakeError(SignalErrorKind::kNotEntered, "You are not in a room. Send `enter` first.");
  RoomState& room = *session.room;

  if (std::holds_alternative<signal::Exit>(body)) {
    session.log.Info("left");
    RemoveMember(room, session.user_id, signal::LeaveReason::kExit);
    return {signal::Empty{}};
  }
  if (std::holds_alternative<signal::Urls>(body) || std::holds_alternative<signal::Negotiate>(body)) {
    const bool urls = std::holds_alternative<signal::Urls>(body);
    if (urls != member->virtual_slots) {
      return MakeError(SignalErrorKind::kNotAllowed,
                       urls ? "Only members that entered with \"media\": \"rtmp\" have addresses."
                            : "You entered with \"media\": \"rtmp\", so there is nothing to negotiate.");
    }
    if (urls) return {UrlsFor(session, room, *member)};
  }
  if (auto* negotiate = std::get_if<signal::Negotiate>(&body)) return OnNegotiate(session, std::move(*negotiate));
  if (const auto* message = std::get_if<signal::Message>(&body)) return OnMessage(session, *message);
  if (const auto* subscribe = std::get_if<signal::Subscribe>(&body)) return OnSubscribe(session, *subscribe);
  if (const auto* stats = std::get_if<signal::Stats>(&body)) {
    if (session.log.debug_enabled()) session.log.Debug("client report " + stats->json);
    return {signal::Empty{}};
  }

  RoomEffects fx;
  bool allowed = true;
  if (const auto* publish = std::get_if<signal::Publish>(&body)) {
    allowed = room.Publish(*member, publish->stream, publish->audio, publish->video, fx);
  } else if (const auto* unsubscribe = std::get_if<signal::Unsubscribe>(&body)) {
    room.Unsubscribe(*member, {unsubscribe->user_id, unsubscribe->stream, unsubscribe->kind}, fx);
  } else if (const auto* role = std::get_if<signal::SwitchRole>(&body)) {
    allowed = room.SwitchRole(*member, role->role, fx);
  }
  Apply(room, std::move(fx));
  if (!allowed) return NotAllowed();
  return {signal::Empty{}};
}

Control::State::Reply Control::State::OnSubscribe(ControlSession& session, const signal::Subscribe& subscribe) {
  using Outcome = RoomState::SubscribeOutcome;
  RoomEffects fx;
  const Outcome outcome = session.room->Subscribe(
      *MemberOf(session), {subscribe.user_id, subscribe.stream, subscribe.kind}, subscribe.quality, fx);
  Apply(*session.room, std::move(fx));
  switch (outcome.kind) {
    case Outcome::kOnSlot: return {signal::SubscribeResult{outcome.mid}};
    case Outcome::kRemembered: return {signal::SubscribeResult{}};
    case Outcome::kNotAllowed: return NotAllowed();
    case Outcome::kTooMany:
      return MakeError(SignalErrorKind::kServerBusy,
                       "Too many subscriptions are remembered. Unsubscribe from some first.");
    case Outcome::kNoSlot: break;
  }
  return MakeError(SignalErrorKind::kNoSlot,
                   "No section of your offer is free for this. Add recvonly sections with `negotiate`.");
}

Control::State::Reply Control::State::OnMessage(ControlSession& session, const signal::Message& message) {
  if (!session.messages.Take(now) || !session.message_bytes.Take(now, static_cast<double>(message.data.size()))) {
    return MakeError(SignalErrorKind::kRateLimited, "At most 30 messages and 8 KiB per second. Send less often.");
  }
  RoomState& room = *session.room;
  const Member* to = message.to ? room.Find(*message.to) : nullptr;
  if (message.to && to == nullptr) {
    return MakeError(SignalErrorKind::kMemberNotFound, "\"" + *message.to + "\" is not in the room.");
  }
  const signal::MessageEvent event{session.user_id, message.cmd_id, room.NextMessageSeq(), message.data};
  for (const auto& member : room.members()) {
    const bool wanted = to != nullptr ? member.get() == to : member->user_id != session.user_id;
    if (wanted) Notify(member->session, event);
  }
  return {signal::MessageResult{event.seq}};
}

}  // namespace duet
