// A QR code (ISO/IEC 18004) in the terminal, two modules to a character.
#pragma once

#include <string>
#include <string_view>

namespace duet {

enum class QrColors {
  kAnsi,   // black on white, whatever the terminal's colours are
  kPlain,  // no escape sequences; right for light letters on a dark ground
};

// Lines of block characters with their line ends; empty when the text does not fit into a code.
std::string QrCodeText(std::string_view text, QrColors colors);

}  // namespace duet
