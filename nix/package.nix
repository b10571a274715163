# The Python application. Its program runs from a virtual environment of store paths (nix/venv.sh), not from
# nixpkgs' wrapper: looop starts itself again by `sys.executable`, and its children get the user's environment.
# In: nixpkgs. Out: bin/looop.
{ lib, callPackage }:
let
  project = import ./project.nix { inherit lib; };
  inherit (callPackage ./python.nix { }) python take;
  dependencies = take project.dependencies;
in
python.pkgs.buildPythonApplication {
  pname = project.name;
  inherit (project) version meta;
  inherit dependencies;
  src = project.source;
  pyproject = true;
  build-system = take project.build;

  dontWrapPythonPrograms = true;
  postFixup = ''
    python=${python.interpreter} site=${python.sitePackages} modules=${python.pkgs.makePythonPath dependencies} \
      bash ${./venv.sh} ${project.name}
  '';

  doCheck = false; # nix/checks.nix runs the tests, against the same packages
  pythonImportsCheck = [ project.name ];
}
