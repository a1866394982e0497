#include "io/tls_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace duet {
namespace {

namespace fs = std::filesystem;
constexpr int64_t kNow = 1'800'000'000;
constexpr int64_t kDay = 86'400;

class TlsCertificateTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "duet-tls-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }

  static SelfSignedOptions Options(std::vector<IpAddress> addresses = {IpAddress::V4(192, 168, 1, 5)}) {
    return {"duet-host", std::move(addresses), kNow};
  }
  static X509* Parse(const TlsCertificate& certificate) {
    BIO* bio = BIO_new_mem_buf(certificate.certificate_pem.data(), -1);
    X509* parsed = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    return parsed;
  }
  fs::path Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }

  fs::path directory_;
};

TEST_F(TlsCertificateTest, SelfSignedNamesTheMachine) {
  const auto made = MakeSelfSignedCertificate(Options({IpAddress::V4(192, 168, 1, 5), *IpAddress::Parse("fd00::2")}));
  ASSERT_TRUE(made.ok());
  X509* certificate = Parse(*made);
  ASSERT_NE(certificate, nullptr);
  for (const char* ip : {"127.0.0.1", "::1", "192.168.1.5", "fd00::2"})
    EXPECT_EQ(X509_check_ip_asc(certificate, ip, 0), 1) << ip;
  for (const char* host : {"localhost", "duet-host"}) EXPECT_EQ(X509_check_host(certificate, host, 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate, "192.168.1.6", 0), 0);
  EXPECT_EQ(X509_check_host(certificate, "example.org", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_verify(certificate, X509_get0_pubkey(certificate)), 1);
  X509_free(certificate);
  EXPECT_TRUE(made->self_signed);
  EXPECT_EQ(made->sha256.size(), 32u * 3 - 1);
}

TEST_F(TlsCertificateTest, HostNamesFromOutsideCannotAddExtensions) {
  SelfSignedOptions options = Options();
  options.host_name = "evil,DNS:example.org";
  const auto made = MakeSelfSignedCertificate(options);
  ASSERT_TRUE(made.ok());
  X509* certificate = Parse(*made);
  EXPECT_EQ(X509_check_host(certificate, "example.org", 0, 0, nullptr), 0);
  X509_free(certificate);
}

TEST_F(TlsCertificateTest, IsKept) {
  const fs::path inner = directory_ / "data" / "tls";
  const auto first = LoadOrMakeSelfSigned(inner, Options());
  ASSERT_TRUE(first.ok()) << first.error().message;
  const auto second = LoadOrMakeSelfSigned(inner, Options());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(first->sha256, second->sha256);
  EXPECT_TRUE(second->self_signed);
  struct stat status {};
  ASSERT_EQ(stat((inner / "tls-key.pem").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(inner.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(TlsCertificateTest, IsRenewedWhenItNoLongerFits) {
  const auto first = LoadOrMakeSelfSigned(directory_, Options());
  ASSERT_TRUE(first.ok());
  // Fewer addresses: still good. One more: not.
  EXPECT_EQ(LoadOrMakeSelfSigned(directory_, Options({}))->sha256, first->sha256);
  const auto moved = LoadOrMakeSelfSigned(directory_, Options({IpAddress::V4(10, 0, 0, 9)}));
  ASSERT_TRUE(moved.ok());
  EXPECT_NE(moved->sha256, first->sha256);

  SelfSignedOptions later = Options({IpAddress::V4(10, 0, 0, 9)});
  later.unix_now_s = kNow + 365 * kDay;  // 31 days left
  EXPECT_EQ(LoadOrMakeSelfSigned(directory_, later)->sha256, moved->sha256);
  later.unix_now_s += 2 * kDay;
  EXPECT_NE(LoadOrMakeSelfSigned(directory_, later)->sha256, moved->sha256);
}

TEST_F(TlsCertificateTest, IsMadeAnewWhenItsFilesAreBroken) {
  const auto first = LoadOrMakeSelfSigned(directory_, Options());
  ASSERT_TRUE(first.ok());
  Write("tls-key.pem", "nonsense");
  const auto second = LoadOrMakeSelfSigned(directory_, Options());
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->sha256, first->sha256);
}

TEST_F(TlsCertificateTest, OwnPair) {
  const auto made = MakeSelfSignedCertificate(Options());
  const auto other = MakeSelfSignedCertificate(Options());
  const fs::path certificate = Write("cert.pem", made->certificate_pem);
  const fs::path key = Write("key.pem", made->key_pem);
  const auto loaded = LoadTlsCertificate(certificate, key, kNow);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->sha256, made->sha256);
  EXPECT_FALSE(loaded->self_signed);
  EXPECT_EQ(loaded->not_after_unix_s, kNow + 396 * kDay);

  const auto refused = [&](const fs::path& c, const fs::path& k, int64_t now) {
    const auto result = LoadTlsCertificate(c, k, now);
    return result.ok() ? std::string("accepted") : result.error().message;
  };
  using testing::HasSubstr;
  EXPECT_THAT(refused(directory_ / "none.pem", key, kNow), HasSubstr("none.pem: No such file"));
  EXPECT_THAT(refused(certificate, directory_ / "none.pem", kNow), HasSubstr("none.pem: No such file"));
  EXPECT_THAT(refused(key, key, kNow), HasSubstr("key.pem is not a PEM certificate"));
  EXPECT_THAT(refused(certificate, certificate, kNow), HasSubstr("cert.pem is not a PEM private key"));
  EXPECT_THAT(refused(certificate, Write("other.pem", other->key_pem), kNow), HasSubstr("other.pem is not the key of"));
  EXPECT_THAT(refused(certificate, key, kNow + 397 * kDay), HasSubstr("has expired on 20"));
}

TEST_F(TlsCertificateTest, UnusableDirectoryIsAnErrorInWords) {
  const fs::path file = Write("file", "");
  const auto result = LoadOrMakeSelfSigned(file / "below", Options());
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, testing::HasSubstr("cannot create " + (file / "below").string()));
}

}  // namespace
}  // namespace duet
