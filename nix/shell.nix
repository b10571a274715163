# `nix develop`: what `make test` and `make check` need beside a C compiler, at nixpkgs' versions.
# In: nixpkgs. Out: a shell. `nix develop .#bundle` is the one that looop.spec needs.
{
  lib,
  callPackage,
  stdenv,
  mkShell,
  git,
  htop,
  import-linter,
  less,
  mypy,
  nodejs,
  patchelf,
  procps,
  ruff,
  tmux,
  vim,
  zstd,
}:
let
  project = import ./project.nix { inherit lib; };
  inherit (callPackage ./python.nix { }) python take;
  tests = map ({ name, ... }: python.pkgs.${name}) project.extras.test;
in
mkShell {
  packages = [
    (python.withPackages (_: take (project.build ++ project.dependencies) ++ tests))
    git
    htop
    import-linter
    less
    mypy
    nodejs
    procps
    ruff
    tmux
    vim
    zstd
  ]
  ++ lib.optional stdenv.hostPlatform.isLinux patchelf;
}
