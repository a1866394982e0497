// How coroutines of the doors give inputs to Control, which has room for only so many.
#pragma once

#include "gateway/beast.h"
#include "gateway/signal_hub.h"

namespace duet {

// Waits while there is no room. False when the server is stopping. The I/O thread; `hub` outlives it.
asio::awaitable<bool> SubmitToControl(SignalHub& hub, ControlInput input);

}  // namespace duet
