# `nix develop`: what tests and checks need beside a C compiler, at nixpkgs' versions.
# In: nixpkgs. Out: a shell. `nix develop .#bundle` is the one that looop.spec needs.
{
  lib,
  callPackage,
  mkShell,
  git,
  htop,
  import-linter,
  less,
  mypy,
  nodejs,
  procps,
  ruff,
  tmux,
  vim,
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
  ];
}
