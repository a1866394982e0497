#include "app/qr_code.h"

#include <qrencode.h>

#include <memory>

namespace duet {
namespace {

// Narrower than the standard's 4: the code stands on a white ground of its own or on an empty line.
constexpr int kQuietZone = 2;

class Modules {
 public:
  explicit Modules(const QRcode& code) : code_(code) {}
  bool dark(int x, int y) const {
    return x >= 0 && y >= 0 && x < code_.width && y < code_.width && (code_.data[y * code_.width + x] & 1) != 0;
  }

 private:
  const QRcode& code_;
};

}  // namespace

std::string QrCodeText(std::string_view text, QrColors colors) {
  const std::string terminated(text);
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeString8bit(terminated.c_str(), 0, QR_ECLEVEL_L), QRcode_free);
  if (code == nullptr) return {};
  const Modules modules(*code);
  const bool ansi = colors == QrColors::kAnsi;
  std::string out;
  for (int y = -kQuietZone; y < code->width + kQuietZone; y += 2) {
    out += ansi ? "  \x1b[30;107m" : "  ";
    for (int x = -kQuietZone; x < code->width + kQuietZone; ++x) {
      // What is drawn is dark on a white ground, and light on the terminal's dark one.
      const bool upper = modules.dark(x, y) == ansi, lower = modules.dark(x, y + 1) == ansi;
      out += upper ? (lower ? "\u2588" : "\u2580") : (lower ? "\u2584" : " ");
    }
    out += ansi ? "\x1b[0m\n" : "\n";
  }
  return out;
}

}  // namespace duet
