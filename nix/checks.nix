# `nix flake check`: the application builds and works, the bundle builds and works, the tests without processes pass.
# In: nixpkgs with the overlay. Out: one derivation a check. Linters are left to `make check`, which pins them.
{
  lib,
  callPackage,
  runCommand,
  runCommandCC,
  git,
  looop,
  looop-bundle,
  procps,
}:
let
  project = import ./project.nix { inherit lib; };
  inherit (callPackage ./python.nix { }) python take;
  tests = map ({ name, ... }: python.pkgs.${name}) project.extras.test;

  smoke =
    program:
    runCommand "${program.pname}-smoke" { nativeBuildInputs = [ program ]; } ''
      bash ${./smoke.sh} ${project.version}
      touch "$out"
    '';
in
{
  package = looop;
  smoke = smoke looop;
  bundle = smoke looop-bundle;
  tests =
    runCommandCC "${project.name}-tests"
      {
        nativeBuildInputs = [
          (python.withPackages (_: take (project.build ++ project.dependencies) ++ tests))
          git
          procps
        ];
      }
      ''
        cp -r ${project.source} source
        chmod -R u+w source
        cd source
        export HOME="$TMPDIR"
        python -m pytest -q -p no:cacheprovider -m "not agents and not process and not slow"
        touch "$out"
      '';
}
