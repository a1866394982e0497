// Whatever parses lies inside the packet; a header written from it, with the same elements, parses back to the same.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "wire/rtp.h"

using namespace duet;

namespace {

bool Inside(Bytes part, Bytes whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

struct Element {
  uint8_t id;
  Bytes content;
};

std::vector<Element> Elements(const RtpPacketView& view) {
  std::vector<Element> elements;
  view.ForEachExtension([&](uint8_t id, Bytes content) {
    DUET_CHECK(Inside(content, view.packet));
    elements.push_back({id, content});
  });
  return elements;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes packet = std::as_bytes(std::span(data, size));
  const auto view = ParseRtp(packet);
  const auto header = ParseRtpHeader(packet);
  DUET_CHECK(!view || header);
  if (!view) return 0;
  DUET_CHECK(size_t{view->header_size} + view->payload_size + view->padding_size == size);
  DUET_CHECK(header->header_size == view->header_size && header->payload_size >= view->payload_size);
  DUET_CHECK(Inside(view->payload(), packet));

  const auto elements = Elements(*view);
  std::vector<std::byte> buffer(kRtpHeaderBytes + 4 + 2 * size + 4);
  RtpHeaderWriter writer(buffer);
  writer.Begin({.marker = view->marker,
                .payload_type = view->payload_type,
                .sequence_number = view->sequence_number,
                .timestamp = view->timestamp,
                .ssrc = view->ssrc});
  for (const auto& element : elements) writer.AddExtension(element.id, element.content);
  const size_t written = writer.Finish();
  DUET_CHECK(written >= kRtpHeaderBytes && written % 4 == 0);
  const auto again = ParseRtp(Bytes(buffer).first(written));
  DUET_CHECK(again && again->payload_size == 0);
  DUET_CHECK(again->marker == view->marker && again->payload_type == view->payload_type);
  DUET_CHECK(again->sequence_number == view->sequence_number && again->timestamp == view->timestamp);
  DUET_CHECK(again->ssrc == view->ssrc);
  const auto copied = Elements(*again);
  DUET_CHECK(copied.size() == elements.size());
  for (size_t i = 0; i < copied.size(); ++i) {
    DUET_CHECK(copied[i].id == elements[i].id);
    DUET_CHECK(AsText(copied[i].content) == AsText(elements[i].content));
  }
  return 0;
}
