// duet sig create | verify | explain
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <memory>

#include "app/cli.h"
#include "app/sig_options.h"
#include "app/sig_report.h"
#include "auth/explain_token.h"
#include "auth/time_text.h"
#include "auth/usersig.h"

namespace duet {
namespace {

namespace json = boost::json;

int64_t JudgedAt(const SigOptions& options, const CliContext& context) {
  return options.at >= 0 ? options.at : context.now_unix_s;
}

// --room when it was given.
Result<std::optional<OwnedRoom>> GivenRoom(const SigOptions& options) {
  if (options.room.empty()) return std::optional<OwnedRoom>();
  auto room = ParseRoom(options.room);
  if (!room.ok()) return room.error();
  return std::optional<OwnedRoom>(std::move(room).value());
}

int Create(const SigOptions& options, CliContext& context) {
  if (!IsValidUserId(options.user))
    return Complain(context, "A user ID is 1 to 128 bytes of UTF-8 without line breaks.", kExitUsage);
  const auto room = GivenRoom(options);
  if (!room.ok()) return Complain(context, room.error().message, kExitUsage);
  const auto chosen = ChooseApp(options, context);
  if (!chosen.ok()) return Complain(context, chosen.error().message, kExitUsage);
  const App& app = chosen->app();
  const int64_t now = context.now_unix_s;
  const std::string token =
      *room ? CreatePrivateMapKey(app, options.user, RefOf(**room), options.rights, now, options.expire)
            : CreateUserSig(app, options.user, now, options.expire);
  if (options.json) {
    const json::object out{{"sdkAppId", app.sdk_app_id},
                           {"userId", options.user},
                           {*room ? "privateMapKey" : "userSig", token},
                           {"time", now},
                           {"expire", options.expire}};
    context.out << json::serialize(out) << "\n";
  } else {
    context.out << token << "\n";
  }
  return kExitOk;
}

struct Verdict {
  bool valid = false;
  std::string sentence;
  json::object json;
};

Verdict Refused(const SigFailure& failure) {
  return {false,
          "not valid: " + std::string(NameOf(failure.error)) + ": " + failure.message,
          {{"valid", false}, {"error", json::string(NameOf(failure.error))}, {"message", failure.message}}};
}

Verdict Judge(const SigOptions& options, const ChosenApp& chosen, const std::optional<OwnedRoom>& room,
              const std::string& token, int64_t now) {
  Verdict verdict{.valid = true, .json = {{"valid", true}, {"sdkAppId", chosen.sdk_app_id}, {"userId", options.user}}};
  int64_t expires = 0;
  if (room) {
    const auto key = VerifyPrivateMapKey(chosen.apps, chosen.sdk_app_id, options.user, token, now, RefOf(*room));
    if (!key.ok()) return Refused(key.error());
    expires = key->expires_unix_s;
    verdict.json["rights"] = key->privileges;
    verdict.sentence = "valid: " + options.user + " may enter the room " + RoomText(*room) + ", rights " +
                       PrivilegesText(key->privileges);
  } else {
    const auto sig = VerifyUserSig(chosen.apps, chosen.sdk_app_id, options.user, token, now);
    if (!sig.ok()) return Refused(sig.error());
    expires = sig->expires_unix_s;
    verdict.sentence = "valid: " + options.user + " of the app " + std::to_string(chosen.sdk_app_id);
  }
  verdict.json["expiresAt"] = expires;
  verdict.sentence += "; expires " + UnixTimeText(expires) + ", in " + SecondsText(expires - now);
  return verdict;
}

int Verify(const SigOptions& options, CliContext& context) {
  const auto room = GivenRoom(options);
  if (!room.ok()) return Complain(context, room.error().message, kExitUsage);
  const auto chosen = ChooseApp(options, context);
  if (!chosen.ok()) return Complain(context, chosen.error().message, kExitUsage);
  const auto token = GivenToken(options, context);
  if (!token.ok()) return Complain(context, token.error().message, kExitUsage);
  const Verdict verdict = Judge(options, *chosen, *room, *token, JudgedAt(options, context));
  context.out << (options.json ? json::serialize(verdict.json) : verdict.sentence) << "\n";
  return verdict.valid ? kExitOk : kExitNo;
}

int Explain(const SigOptions& options, CliContext& context) {
  const auto room = GivenRoom(options);
  if (!room.ok()) return Complain(context, room.error().message, kExitUsage);
  const auto key = GivenKey(options, context);
  if (!key.ok()) return Complain(context, key.error().message, kExitUsage);
  const auto token = GivenToken(options, context);
  if (!token.ok()) return Complain(context, token.error().message, kExitUsage);
  const auto apps = StoredApps(options, context);
  // Not needed for what is being asked unless the user pointed at it.
  if (!apps.ok() && !options.data.empty()) return Complain(context, apps.error().message);

  const int64_t now = JudgedAt(options, context);
  TokenExpectation expected;
  if (apps.ok() && !apps->empty()) expected.apps = &*apps;
  if (*key) expected.secret_key = **key;
  if (options.app != 0) expected.sdk_app_id = options.app;
  if (!options.user.empty()) expected.user_id = options.user;
  if (*room) expected.room = RefOf(**room);
  const TokenExplanation explanation = ExplainToken(*token, now, expected);
  if (options.json) {
    context.out << json::serialize(ExplanationJson(explanation)) << "\n";
  } else {
    context.out << ExplanationText(explanation, now);
  }
  return explanation.faults.empty() ? kExitOk : kExitNo;
}

void AddAppOptions(CLI::App& command, SigOptions& options) {
  command.add_option("--app", options.app, "sdkAppID")
      ->type_name("ID")
      ->check(CLI::Range(1u, UINT32_MAX).description(""));
  command.add_option("--key", options.key, "Secret key; - reads it from the standard input")->type_name("SECRET");
  command.add_option("--key-file", options.key_file, "File with the secret key in its first line")->type_name("FILE");
  command.add_option("--env", options.environment, "Take the app of this environment out of the data directory")
      ->type_name("NAME");
  command.add_option("--data", options.data, "Data directory (default DUET_DATA, then ~/.duet)")->type_name("DIR");
  command.add_flag("--json", options.json, "Print one JSON object");
}

constexpr const char* kWhereTheKeyIsFrom =
    "\nWithout a key the app comes out of the data directory. On the command line a key can be seen by other users of\n"
    "the machine: --key -, --key-file and the environment variable DUET_SECRET_KEY keep it out of the process list.\n";

constexpr const char* kRooms = "1234 is a numeric room, lobby and '\"1234\"' are string rooms";

void AddCreate(CLI::App& sig, const std::shared_ptr<SigOptions>& options, CliContext& context, int& status) {
  auto* create = sig.add_subcommand("create", "Sign a UserSig, or with --room a privateMapKey, and print it");
  create->add_option("--user", options->user, "User ID")->type_name("USER")->required();
  create->add_option("--expire", options->expire, "Seconds for which it is valid (default 86400)")
      ->type_name("SECONDS");
  create->add_option("--room", options->room, std::string("Room of the privateMapKey: ") + kRooms)->type_name("ROOM");
  create
      ->add_option("--rights", options->rights,
                   "Sum of 1 create the room, 2 enter, 4 send audio, 8 receive audio, 16 send video, 32 receive video, "
                   "64 send aux, 128 receive aux (default 255)")
      ->type_name("N")
      ->check(CLI::Range(0u, 255u).description(""));
  AddAppOptions(*create, *options);
  create->footer(std::string("Examples:\n"
                             "  duet sig create --user alice\n"
                             "  duet sig create --app 1400000001 --key-file key.txt --user alice --expire 3600\n"
                             "  duet sig create --user alice --room 1234 --rights 42\n") +
                 kWhereTheKeyIsFrom);
  create->callback([options, &context, &status] { status = Create(*options, context); });
}

void AddVerify(CLI::App& sig, const std::shared_ptr<SigOptions>& options, CliContext& context, int& status) {
  auto* verify = sig.add_subcommand("verify", "Say whether a token is valid: exit status 0 yes, 1 no, 2 wrong usage");
  verify->add_option("--user", options->user, "User ID that it must have been made for")->type_name("USER")->required();
  verify->add_option("--room", options->room, std::string("Verify it as a privateMapKey for this room: ") + kRooms)
      ->type_name("ROOM");
  verify->add_option("--at", options->at, "Judge as if it were this time (Unix seconds)")->type_name("TIME");
  verify->add_option("TOKEN", options->token, "The token; - reads it from the standard input")->required();
  AddAppOptions(*verify, *options);
  verify->footer(std::string("Examples:\n"
                             "  duet sig verify --app 1400000001 --key-file key.txt --user alice eJyrVgrx...\n"
                             "  duet sig verify --user alice --room 1234 --json - < token.txt\n") +
                 kWhereTheKeyIsFrom);
  verify->callback([options, &context, &status] { status = Verify(*options, context); });
}

void AddExplain(CLI::App& sig, const std::shared_ptr<SigOptions>& options, CliContext& context, int& status) {
  auto* explain = sig.add_subcommand("explain", "Show what a token contains and everything that is wrong with it");
  explain->add_option("--user", options->user, "User ID that it should be for")->type_name("USER");
  explain->add_option("--room", options->room, std::string("Room that it should be for: ") + kRooms)->type_name("ROOM");
  explain->add_option("--at", options->at, "Judge as if it were this time (Unix seconds)")->type_name("TIME");
  explain->add_option("TOKEN", options->token, "The token; - reads it from the standard input")->required();
  AddAppOptions(*explain, *options);
  explain->footer(
      std::string("Works without any key; then the signature is not checked. Exit status 1 when something is wrong.\n\n"
                  "Examples:\n"
                  "  duet sig explain eJyrVgrx...\n"
                  "  duet sig explain --key - --user alice eJyrVgrx... < key.txt\n") +
      kWhereTheKeyIsFrom);
  explain->callback([options, &context, &status] { status = Explain(*options, context); });
}

}  // namespace

void AddSigCommand(CLI::App& root, CliContext& context, int& status) {
  auto* sig = root.add_subcommand("sig", "Make, verify and explain UserSigs and privateMapKeys");
  sig->require_subcommand(1);
  sig->footer(
      "A UserSig says who a client is, a privateMapKey what it may do in one room. Back ends sign them with the "
      "secret\n"
      "key of an app; these commands are for trying things out and for finding out why a token is refused.");
  const auto options = std::make_shared<SigOptions>();
  AddCreate(*sig, options, context, status);
  AddVerify(*sig, options, context, status);
  AddExplain(*sig, options, context, status);
}

}  // namespace duet
