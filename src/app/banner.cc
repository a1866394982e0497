#include "app/banner.h"

#include <boost/json.hpp>
#include <vector>

#include "app/qr_code.h"
#include "base/version.h"

namespace duet {
namespace {

namespace json = boost::json;

std::string Row(std::string_view label, const std::string& value) {
  std::string row = "  " + std::string(label);
  constexpr size_t kColumn = 21;
  row.resize(kColumn, ' ');
  return row + value + "\n";
}

std::string Rows(std::string_view label, const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += Row(out.empty() ? label : "", value);
  return out;
}

std::vector<std::string> LocalUrls(const ServerInfo& info) {
  std::vector<std::string> urls;
  if (info.http_port != 0) urls.push_back("http://localhost:" + std::to_string(info.http_port) + "/");
  if (!info.local_url.empty() && (urls.empty() || urls.front() != info.local_url)) urls.push_back(info.local_url);
  return urls;
}

std::string FirstSecureLanUrl(const ServerInfo& info) {
  for (const std::string& url : info.lan_urls)
    if (url.starts_with("https://")) return url;
  return {};
}

json::array Strings(const std::vector<std::string>& list) {
  json::array out;
  for (const std::string& text : list) out.push_back(json::string(text));
  return out;
}

}  // namespace

std::string Banner(const ServerInfo& info, const BannerOptions& options) {
  std::string out = "\nDuet " + std::string(kVersion) + " is serving calls.\n\n";
  out += Rows("on this machine", LocalUrls(info));
  out += Rows("in your network", info.lan_urls);
  if (info.rtmp_port != 0 || info.rtmps_port != 0) {
    const bool plain = info.rtmp_port != 0;
    out += Row("RTMP publishers", std::string(plain ? "rtmp" : "rtmps") +
                                      "://HOST:" + std::to_string(plain ? info.rtmp_port : info.rtmps_port) +
                                      "/push/ROOM?sdkappid=&userid=&usersig=");
  }
  const std::string phone = FirstSecureLanUrl(info);
  if (options.qr != BannerOptions::Qr::kNone && !phone.empty()) {
    const bool ansi = options.qr == BannerOptions::Qr::kAnsi;
    out += "\n" + QrCodeText(phone, ansi ? QrColors::kAnsi : QrColors::kPlain) + "  for the phone: " + phone + "\n";
  }
  out += "\n";
  if (info.pages_built) {
    out += "Open it in two tabs or on two devices and enter the same room: you see and hear each other.\n";
  } else {
    out += "The call page is not built, so there is nothing to open yet: run scripts/build and start again.\n";
  }
  if (info.self_signed) {
    out += "The certificate is one that Duet made itself, so each browser warns once: choose Advanced, then go on.\n";
  }
  if (options.development_app) {
    out += "The development app " + std::to_string(*options.development_app) +
           " lets everybody in your network enter. Your own: duet app create\n";
  }
  out += "Apps and keys are kept in " + options.data.string() + ". Ctrl-C stops the server.\n\n";
  return out;
}

std::string ReadyJson(const ServerInfo& info, const BannerOptions& options, int64_t pid) {
  json::array media_ports;
  for (const uint16_t port : info.media_ports) media_ports.push_back(port);
  json::array media_tcp_ports;
  for (const uint16_t port : info.media_tcp_ports) media_tcp_ports.push_back(port);
  json::object out{{"pid", pid},
                   {"version", json::string(kVersion)},
                   {"https_port", info.https_port},
                   {"http_port", info.http_port},
                   {"rtmp_port", info.rtmp_port},
                   {"rtmps_port", info.rtmps_port},
                   {"media_port", info.media_ports.empty() ? 0 : info.media_ports.front()},
                   {"media_ports", std::move(media_ports)},
                   {"media_tcp_ports", std::move(media_tcp_ports)},
                   {"local_urls", Strings(LocalUrls(info))},
                   {"lan_urls", Strings(info.lan_urls)},
                   {"data", options.data.string()},
                   {"certificate_sha256", info.certificate_sha256}};
  if (options.development_app) out["development_app"] = *options.development_app;
  return json::serialize(out) + "\n";
}

}  // namespace duet
