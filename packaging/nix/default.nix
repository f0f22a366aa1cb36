# Filled in by tools/recipes; for `callPackage`. The tests (tests/dist/recipes.test.js) build it with Nix, but with Debian's
# compiler and libraries in the place of Nixpkgs', which was never there.
{ lib, stdenv, fetchurl, pkg-config, curl, hiredis, jansson, libuv, openssl, zlib }:

stdenv.mkDerivation rec {
  pname = "reverb";
  version = "@VERSION@";

  src = fetchurl {
    url = "@URL@/v${version}/reverb-${version}.tar.gz";
    sha256 = "@SHA256@";
  };

  nativeBuildInputs = [ pkg-config ];
  buildInputs = [ curl hiredis jansson libuv openssl zlib ];

  buildFlags = [ "build" ];
  makeFlags = [ "PREFIX=$(out)" "LIBCURL=linked" ];

  meta = {
    description = "WebSocket server in the place of Laravel Reverb";
    homepage = "@HOMEPAGE@";
    license = lib.licenses.mit;
    platforms = lib.platforms.unix;
    mainProgram = "reverb";
  };
}
