# The single native file: looop.spec freezes the program and compiles the launcher that carries it.
# In: nixpkgs. Out: bin/looop. On Linux the compiler is that of pkgsStatic (musl), so that the launcher is static;
# macOS has no static libc, so there it is linked with the system's.
{
  lib,
  callPackage,
  stdenv,
  pkgsStatic,
  binutils,
  glibc,
}:
let
  project = import ./project.nix { inherit lib; };
  inherit (callPackage ./python.nix { }) python take;
  inherit (stdenv.hostPlatform) isLinux;
  frozen = take project.dependencies;
  freezer = python.withPackages (_: frozen ++ take (project.freezing ++ [ { name = "zstandard"; } ]));
  zstandard = python.pkgs.fetchPypi ({ pname = "zstandard"; } // (import ./releases.nix).zstandard);
in
(if isLinux then pkgsStatic.stdenv else stdenv).mkDerivation {
  pname = "${project.name}-bundle";
  inherit (project) version meta;
  src = project.source;

  # PyInstaller looks for ldd and objcopy itself, since it is not run by nixpkgs' wrapper around it.
  nativeBuildInputs = [
    freezer
  ]
  ++ lib.optionals isLinux [
    binutils
    (lib.getBin glibc)
  ];

  # The same bytes for everybody who builds it.
  PYTHONHASHSEED = 0;
  SOURCE_DATE_EPOCH = 315532800;
  # Of libraries out of the store the bundle says where they were taken from; the store has their licences.
  NATIVES = "listed";
  dontConfigure = true;
  buildPhase = ''
    runHook preBuild
    mkdir "$TMPDIR/zstandard"
    tar -xzf ${zstandard} -C "$TMPDIR/zstandard" --strip-components=1
    export PYTHONPATH=${callPackage ./package.nix { }}/${python.sitePackages} # for its metadata
    ZSTD_SOURCE=$TMPDIR/zstandard/zstd HOME=$TMPDIR python -m PyInstaller --noconfirm ${project.name}.spec
    runHook postBuild
  '';

  # Nix can't see store paths in what is compressed, so those that it may still need are named beside it.
  installPhase = ''
    runHook preInstall
    install -D -m 555 dist/${project.name} "$out/bin/${project.name}"
    mkdir "$out/nix-support"
    echo ${toString frozen} >"$out/nix-support/frozen-from"
    runHook postInstall
  '';

  # Behind the launcher's code stands what it unpacks: nothing may rewrite this file any more.
  dontStrip = true;
  dontPatchELF = true;
  dontPatchShebangs = true;
}
