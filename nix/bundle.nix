# The single native file: looop.spec freezes the program and links the launcher that carries it.
# In: nixpkgs. Out: bin/looop. On Linux the launcher's compiler and zstd are those of pkgsStatic (musl); macOS has
# no static libc, so there the launcher is linked with the system's.
{
  lib,
  callPackage,
  stdenv,
  pkgsStatic,
  zstd,
  binutils,
  glibc,
  patchelf,
}:
let
  project = import ./project.nix { inherit lib; };
  inherit (callPackage ./python.nix { }) python take;
  inherit (stdenv.hostPlatform) isLinux;
  freezer = python.withPackages (_: frozen ++ take [ { name = "pyinstaller"; } ]);
  frozen = take project.dependencies; # named in the output: Nix can't see store paths in what is compressed
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
    patchelf
  ];
  buildInputs = [ (if isLinux then pkgsStatic.zstd else zstd.override { enableStatic = true; }) ];

  # The same for everybody who builds it; a zip file knows no year before 1980.
  SOURCE_DATE_EPOCH = 315532800;
  dontConfigure = true;
  buildPhase = ''
    runHook preBuild
    HOME=$TMPDIR python -m PyInstaller --noconfirm ${project.name}.spec
    runHook postBuild
  '';
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
