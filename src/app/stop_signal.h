// When to stop serving.
#pragma once

namespace duet {

class StopSignal {
 public:
  virtual ~StopSignal() = default;
  // From now on a stop is waited for instead of ending the process. Called before threads are made.
  virtual void Arm() = 0;
  // Blocks until it is time to stop.
  virtual void Wait() = 0;
};

// SIGINT, SIGTERM and SIGHUP (the terminal was closed). The second one, after Wait has returned, ends the process at
// once. Also makes writes to closed connections an error instead of a SIGPIPE.
class OsStopSignal : public StopSignal {
 public:
  void Arm() override;
  void Wait() override;
};

}  // namespace duet
