// What is read keeps the limits, and what is written of it reads as the same again.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "wire/amf.h"

using namespace duet;

namespace {

size_t Count(const AmfValue& value, int depth) {
  DUET_CHECK(depth <= AmfReader::kMaxDepth + 1);
  size_t count = 1;
  for (const AmfMember& member : value.members) count += Count(member.value, depth + 1);
  return count;
}

std::vector<std::byte> Write(const std::vector<AmfValue>& values) {
  std::vector<std::byte> buffer(160 << 10);
  AmfWriter writer(buffer);
  for (const AmfValue& value : values) writer.Value(value);
  DUET_CHECK(writer.ok());
  buffer.resize(writer.written().size());
  return buffer;
}

std::vector<AmfValue> ReadAll(AmfReader& reader) {
  std::vector<AmfValue> values;
  while (!reader.at_end()) {
    auto value = reader.Read();
    if (!value) {
      DUET_CHECK(!reader.Read());
      break;
    }
    values.push_back(std::move(*value));
  }
  return values;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Bytes bytes = std::as_bytes(std::span(data + 1, size - 1));
  AmfReader reader(bytes, data[0] % 2 == 0 ? AmfVersion::k0 : AmfVersion::k3);
  const auto values = ReadAll(reader);
  size_t count = 0;
  for (const AmfValue& value : values) count += Count(value, 0);
  DUET_CHECK(count <= AmfReader::kMaxValues);

  const auto written = Write(values);
  AmfReader again(written);
  const auto reread = ReadAll(again);
  DUET_CHECK(again.at_end());
  DUET_CHECK(Write(reread) == written);
  return 0;
}
