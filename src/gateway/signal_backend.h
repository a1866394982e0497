// What the doors need of Control. The server's is a ControlLoop; tests have their own.
#pragma once

#include "node/messages.h"

namespace duet {

class SignalBackend {
 public:
  virtual ~SignalBackend() = default;
  // False when it has no room now; `input` is then untouched. Any thread.
  virtual bool Submit(ControlInput&& input) = 0;
  virtual ControlCounts counts() const = 0;
};

}  // namespace duet
