// SdpParser: reads a description line by line. Internal to the SDP reader.
//
// A scope is what stands from one m= line to the next; what stands before the first is a scope too, whose section holds
// the session's defaults. Attributes fill the current scope, EndScope completes it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/sdp_types.h"

namespace duet {

class SdpParser {
 public:
  Result<SessionDescription> Run(std::string_view text);

 private:
  // What stands between a section's m= line and the next: the attributes that are complete only at its end.
  struct Scope {
    MediaSection section;
    size_t line = 0;  // of the m= line
    std::string ufrag;
    std::string pwd;
    std::optional<SdpDirection> direction;
    std::vector<std::string> wildcard_feedback;
  };
  using Handler = Status (SdpParser::*)(std::string_view value);
  struct Attribute {
    std::string_view name;
    Handler handler;
  };
  static const Attribute kAttributes[];
  static Handler FindHandler(std::string_view name);

  Status OnLine(std::string_view line);
  Status OnAttribute(std::string_view text);
  Status StartSection(std::string_view value);
  // Completes the current scope: as the session's defaults, or as a section.
  Status EndScope();
  Status Complete(Scope& scope) const;
  Status AddFeedback(SdpCodec& codec, std::string_view feedback) const;
  Status CheckMids() const;
  // The codec of the payload type that `value` starts with, which is taken off; null when the m= line has no such.
  Result<SdpCodec*> TakeCodec(std::string_view& value);

  Status OnGroup(std::string_view value);
  Status OnMsidSemantic(std::string_view value);
  Status OnIceLite(std::string_view value);
  Status OnExtmapAllowMixed(std::string_view value);
  Status OnMid(std::string_view value);
  Status OnBundleOnly(std::string_view value);
  Status OnRtcpMux(std::string_view value);
  Status OnRtcpRsize(std::string_view value);
  Status OnIceUfrag(std::string_view value);
  Status OnIcePwd(std::string_view value);
  Status OnIceOptions(std::string_view value);
  Status OnFingerprint(std::string_view value);
  Status OnSetup(std::string_view value);
  Status OnCandidate(std::string_view value);
  Status OnEndOfCandidates(std::string_view value);
  Status OnExtmap(std::string_view value);
  Status OnMsid(std::string_view value);
  Status OnSsrc(std::string_view value);
  Status OnSsrcGroup(std::string_view value);
  Status OnRid(std::string_view value);
  Status OnSimulcast(std::string_view value);
  Status OnRtpmap(std::string_view value);
  Status OnFmtp(std::string_view value);
  Status OnRtcpFb(std::string_view value);
  Status OnPtime(std::string_view value);
  Status OnMaxptime(std::string_view value);
  Status OnSctpPort(std::string_view value);
  Status OnMaxMessageSize(std::string_view value);

  bool in_session() const { return scope_.line == 0; }

  SessionDescription description_;
  Scope defaults_;  // what stands before the first m= line
  Scope scope_;
  size_t line_ = 0;
  bool has_version_ = false;
  bool has_origin_ = false;
  bool has_bundle_ = false;
};

}  // namespace duet
