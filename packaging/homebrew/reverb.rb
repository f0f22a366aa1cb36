# A formula for a tap, filled in by tools/recipes: built from the release's sources, on Linux and macOS.
# It was read and its steps were run by the tests (tests/dist/recipes.test.js); no brew has installed it.
class Reverb < Formula
  desc "WebSocket server in the place of Laravel Reverb"
  homepage "@HOMEPAGE@"
  url "@URL@/v@VERSION@/reverb-@VERSION@.tar.gz"
  sha256 "@SHA256@"
  license "MIT"

  depends_on "pkg-config" => :build
  depends_on "curl"
  depends_on "hiredis"
  depends_on "jansson"
  depends_on "libuv"
  depends_on "openssl@3"
  uses_from_macos "zlib"

  def install
    system "make", "install", "PREFIX=#{prefix}", "LIBCURL=linked"
    etc.install "packaging/reverb.json" => "reverb.json" unless (etc/"reverb.json").exist?
  end

  service do
    run [opt_bin/"reverb", "start", "--config", etc/"reverb.json"]
    keep_alive true
  end

  test do
    assert_equal "reverb #{version}", shell_output("#{bin}/reverb --version").strip
  end
end
