// duet-load: publishers and viewers for a server of WHIP and WHEP, and what they cost it.
#include <CLI/CLI.hpp>
#include <iostream>

#include "load/json_line.h"
#include "load/limits.h"
#include "load/load_run.h"

namespace duet::load {
namespace {

constexpr char kAbout[] =
    "Brings publishers and viewers to a server of WHIP and WHEP, lets them send for a while, and prints one line of "
    "JSON:\n"
    "the server's CPU for each packet delivered (with --pid), delay, loss, and what joins cost. Real clients: ICE, "
    "DTLS,\n"
    "SRTP, receiver reports, transport-wide feedback, NACKs. Run it on the server's machine, each on a core of its "
    "own.";
constexpr char kExamples[] =
    "Examples:\n"
    "  duet-load --whip-url 'http://127.0.0.1:8080/whip/{room}/{user}' \\\n"
    "            --whep-url 'http://127.0.0.1:8080/whep/{room}/{user}?userid=v{n}' --pid $(pidof duet) --viewers 100\n"
    "  duet-load limits --receivers 100 --run 10\n";

int PrintLimits(const LimitOptions& options) {
  const LimitResult result = MeasureLimit(options);
  JsonLine json;
  json.Add("receivers", static_cast<double>(options.receivers));
  json.Add("run", static_cast<double>(options.run));
  json.Add("packet_bytes", static_cast<double>(options.packet_bytes));
  json.Add("packets_per_second", options.packets_per_second);
  json.Add("us_per_packet", result.us_per_packet);
  json.Add("delay_ms_p50", result.delay_ms_p50);
  json.Add("delay_ms_p99", result.delay_ms_p99);
  std::cout << json.text() << std::endl;
  return 0;
}

void AddLoadOptions(CLI::App& app, LoadOptions& o) {
  app.add_option("--whip-url", o.whip_url, "Where publishers go; {room} and {user} are replaced");
  app.add_option("--whep-url", o.whep_url, "Where viewers go; {room}, {user} and {n} are replaced");
  app.add_option("--token", o.token, "Bearer token of all of them");
  app.add_option("--pid", o.pid, "Process of the server, whose costs are told");
  app.add_option("--rooms", o.rooms, "Rooms")->capture_default_str();
  app.add_option("--publishers", o.publishers, "Publishers in each room")->capture_default_str();
  app.add_option("--viewers", o.viewers, "Viewers of each publisher")->capture_default_str();
  app.add_flag("--mesh", o.mesh, "Instead: every publisher of a room is watched once for each of the others");
  app.add_option("--pps", o.packets_per_second, "Packets per second of each publisher")->capture_default_str();
  app.add_option("--size", o.packet_bytes, "Bytes of RTP payload in each")->capture_default_str();
  app.add_option("--fps", o.frames_per_second, "Frames per second")->capture_default_str();
  app.add_flag("--burst", o.burst, "The packets of a frame at once, instead of evenly spread");
  app.add_option("--drop-one-in", o.drop_one_in, "Each viewer loses every so many packets")->capture_default_str();
  app.add_option("--warmup", o.warmup_s, "Seconds before it is measured")->capture_default_str();
  app.add_option("--seconds", o.seconds, "Seconds that are measured")->capture_default_str();
  app.add_option("--joins-per-second", o.joins_per_second, "0: as fast as it goes")->capture_default_str();
  app.add_option("--server-core", o.server_core, "Pins the server to this core");
  app.add_option("--own-core", o.own_core, "Pins the load to this core");
  app.add_option("--allocations-file", o.allocations_file, "Counter of the server's allocations (see bench/forward)");
}

int Main(int argc, char** argv) {
  CLI::App app(kAbout, "duet-load");
  app.footer(kExamples);
  LoadOptions options;
  AddLoadOptions(app, options);
  LimitOptions limits;
  bool no_encryption = false;
  bool no_sending = false;
  CLI::App* limit =
      app.add_subcommand("limits", "What encrypting and sending the packets alone costs, at the same pace");
  limit->add_option("--receivers", limits.receivers, "Receivers")->capture_default_str();
  limit->add_option("--pps", limits.packets_per_second, "Packets per second to each; 0: as many as go")
      ->capture_default_str();
  limit->add_option("--size", limits.packet_bytes, "Bytes of a packet")->capture_default_str();
  limit->add_option("--run", limits.run, "Packets in one UDP_SEGMENT message; 1: sendmmsg alone")
      ->capture_default_str();
  limit->add_option("--seconds", limits.seconds, "For so long")->capture_default_str();
  limit->add_option("--server-core", limits.sender_core, "Core of the sender");
  limit->add_option("--own-core", limits.receiver_core, "Core of the receivers");
  limit->add_flag("--fastest", limits.fastest, "Encrypt as the server does, instead of by OpenSSL's EVP");
  limit->add_flag("--no-encryption", no_encryption, "Sending alone");
  limit->add_flag("--no-sending", no_sending, "Encryption alone");
  CLI11_PARSE(app, argc, argv);
  if (limit->parsed()) {
    limits.encrypt = !no_encryption;
    limits.send = !no_sending;
    return PrintLimits(limits);
  }
  if (options.whip_url.empty() || options.whep_url.empty()) {
    std::cerr << "duet-load: --whip-url and --whep-url are needed; see duet-load --help\n";
    return 2;
  }
  LoadRun run(options);
  const Result<LoadResult> result = run.Run();
  if (!result.ok()) {
    std::cerr << "duet-load: " << result.error().message << "\n";
    return 1;
  }
  std::cout << ToJson(options, *result) << std::endl;
  return 0;
}

}  // namespace
}  // namespace duet::load

int main(int argc, char** argv) { return duet::load::Main(argc, argv); }
