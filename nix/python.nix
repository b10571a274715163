# The Python that looop runs on: nixpkgs', with the packages of nix/releases.nix renewed where its own won't do.
# In: nixpkgs. Out: `python`, and `take`, which turns requirements of pyproject.toml into packages or says why not.
{ lib, python3 }:
let
  project = import ./project.nix { inherit lib; };
  releases = import ./releases.nix;

  # A Python of its own: nobody else's packages are built again, or broken, by a cyclopts that is newer.
  python = python3.override {
    self = python;
    packageOverrides = final: prev: lib.mapAttrs (renewed final prev) releases;
  };

  renewed =
    final: prev: name: release:
    if project.accepts name prev.${name}.version then
      prev.${name}
    else
      prev.${name}.overridePythonAttrs (old: {
        inherit (release) version;
        src = final.fetchPypi {
          pname = name;
          inherit (release) version hash;
        };
        patches = [ ];
        doCheck = false; # the archive of a release has no tests
        meta = removeAttrs old.meta [ "changelog" ]; # some name a tag that this source has not
      });

  take = map (
    { name, ... }:
    let
      package = python.pkgs.${name} or (throw "nixpkgs has no Python package '${name}', which looop asks for");
    in
    if project.accepts name package.version then
      package
    else
      throw "nixpkgs has ${name} ${package.version}, which looop refuses: name a release in nix/releases.nix"
  );
in
if project.acceptsPython python.version then
  { inherit python take; }
else
  throw "nixpkgs has Python ${python.version}, which looop refuses"
