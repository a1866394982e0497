#include "core/dtls/dtls_record.h"

namespace duet {

bool LooksLikeDtls(Bytes datagram) {
  constexpr uint8_t kChangeCipherSpec = 20;
  constexpr uint8_t kApplicationData = 23;
  ByteReader reader(datagram);
  do {
    const uint8_t type = reader.U8();
    const uint8_t major = reader.U8();
    reader.Skip(1);
    const uint16_t epoch = reader.U16();
    reader.Skip(6);
    const uint16_t length = reader.U16();
    reader.Skip(length);
    if (!reader.ok() || major != 0xfe || type < kChangeCipherSpec || type > kApplicationData) return false;
    if (epoch == 0 ? type == kApplicationData : length < kDtlsMinEncrypted) return false;
  } while (reader.remaining() > 0);
  return true;
}

}  // namespace duet
