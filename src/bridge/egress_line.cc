#include "bridge/egress_line.h"

#include <utility>

#include "wire/rtp.h"

namespace duet {

Result<EgressLine> EgressLine::Create(MediaLineRef line) {
  auto egress = Egress::Create();
  if (!egress.ok()) return egress.error();
  return EgressLine(std::move(line), std::move(*egress));
}

bool EgressLine::Run(Time now) {
  const LineItem* item = nullptr;
  for (int i = 0; i < kMaxItems && (item = line_->Front()) != nullptr; ++i) {
    OnItem(now, *item);
    line_->Pop();
  }
  if (now >= egress_.NextTimer()) egress_.OnTimer(now);
  return line_->Front() != nullptr;
}

void EgressLine::OnItem(Time now, const LineItem& item) {
  UptrackId& current = current_[item.video ? 0 : 1];
  if (current != item.uptrack) {
    if (current != UptrackId()) egress_.Restart(item.video);
    current = item.uptrack;
  }
  if (item.kind == LineItem::Kind::kReference) {
    egress_.OnSenderReport(now, item.video, item.captured, item.rtp_timestamp);
    return;
  }
  const auto packet = ParseRtp(item.packet());
  if (!packet) {
    ++malformed_;
  } else if (item.video) {
    egress_.OnVideo(now, item.seq, packet->timestamp, packet->marker, packet->payload());
  } else {
    egress_.OnAudio(now, item.seq, packet->timestamp, packet->payload());
  }
}

}  // namespace duet
