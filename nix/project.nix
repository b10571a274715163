# What pyproject.toml says, for Nix: there is no second list of names, versions and packages. What freezes the
# program is named in launcher/requirements.txt.
# In: nixpkgs' lib. Out: name, version, requirements as { name, conditions } and `accepts`, which judges a version.
# What it can't read exactly (a marker, `~=`, `==1.*`) is an error with its text, never a guess.
{ lib }:
let
  root = ../.;
  toml = builtins.fromTOML (builtins.readFile (root + "/pyproject.toml"));
  inherit (toml) project;

  # hatchling reads the version from this file, so it stands in no other.
  versionFile = toml.tool.hatch.version.path;
  versions = lib.concatMap (line: orNone (builtins.match "__version__ = \"([^\"]+)\"" line)) (
    lib.splitString "\n" (builtins.readFile (root + "/${versionFile}"))
  );
  orNone = found: if found == null then [ ] else found;

  # The index and nixpkgs both name a package in lower case with single hyphens.
  normal = name: lib.toLower (lib.concatStringsSep "-" (lib.filter lib.isString (builtins.split "[-_.]+" name)));

  requirement =
    text:
    let
      parts = builtins.match "([A-Za-z0-9._-]+)(\\[[^]]*])?([^;]*)" text;
    in
    if parts == null then
      throw "pyproject.toml: nix/project.nix can't read the requirement '${text}'"
    else
      {
        name = normal (lib.elemAt parts 0);
        conditions = map (condition text) (lib.filter (it: it != "") (lib.splitString "," (lib.elemAt parts 2)));
      };

  condition =
    text: part:
    let
      found = builtins.match " *(>=|<=|==|!=|<|>) *([0-9][0-9a-z.]*) *" part;
    in
    if found == null then
      throw "pyproject.toml: nix/project.nix can't read the condition '${part}' of '${text}'"
    else
      {
        operator = lib.elemAt found 0;
        bound = lib.elemAt found 1;
      };

  pins = lib.listToAttrs (lib.concatMap pin (lib.splitString "\n" (builtins.readFile (root + "/launcher/requirements.txt"))));
  pin =
    line:
    let
      found = builtins.match "([a-z0-9-]+)==([0-9a-z.]+).*" line;
    in
    lib.optional (found != null) {
      name = lib.elemAt found 0;
      value = lib.elemAt found 1;
    };

  holds =
    version:
    { operator, bound }:
    let
      order = builtins.compareVersions version bound;
    in
    {
      ">=" = order >= 0;
      "<=" = order <= 0;
      "==" = order == 0;
      "!=" = order != 0;
      "<" = order < 0;
      ">" = order > 0;
    }
    .${operator};
in
rec {
  inherit (project) name;
  version =
    if lib.length versions == 1 then
      lib.head versions
    else
      throw "${versionFile}: nix/project.nix found ${toString (lib.length versions)} lines that set __version__, not one";

  source = lib.cleanSource root;
  build = map requirement toml.build-system.requires;
  dependencies = map requirement project.dependencies;
  extras = lib.mapAttrs (_: map requirement) project.optional-dependencies;

  # looop.spec was written for one PyInstaller, and refuses any other.
  freezing = map (name: requirement "${name}==${pins.${name}}") [ "pyinstaller" ];

  # Whether `version` will do for every line that names this package.
  accepts =
    name: version:
    lib.all (it: it.name != name || lib.all (holds version) it.conditions) (build ++ dependencies ++ freezing);
  acceptsPython = version: lib.all (holds version) (requirement "python${project.requires-python}").conditions;

  meta = {
    inherit (project) description;
    license = lib.getLicenseFromSpdxId project.license;
    mainProgram = name;
    platforms = lib.platforms.linux ++ lib.platforms.darwin;
  };
}
