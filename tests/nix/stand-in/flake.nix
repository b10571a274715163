{
  description = "As much of nixpkgs as looop's flake touches, to evaluate it without a network; nothing of it builds";

  outputs =
    _:
    let
      letters = alphabet: builtins.genList (at: builtins.substring at 1 alphabet) 26;
      # Only what nixpkgs' lib has too: a function that it lacks is missing here as well.
      lib = {
        inherit (builtins) all attrValues concatLists concatMap concatStringsSep elemAt filter;
        inherit (builtins) head isString length listToAttrs mapAttrs;
        cleanSource = builtins.filterSource (path: _: baseNameOf path != ".git");
        genAttrs = names: value: builtins.listToAttrs (map (name: { inherit name; value = value name; }) names);
        getBin = it: it;
        getExe = it: "${it}/bin/${it.meta.mainProgram}";
        getLicenseFromSpdxId = spdxId: { inherit spdxId; };
        optional = yes: it: if yes then [ it ] else [ ];
        optionals = yes: them: if yes then them else [ ];
        platforms.linux = [ "x86_64-linux" "aarch64-linux" ];
        platforms.darwin = [ "x86_64-darwin" "aarch64-darwin" ];
        splitString = by: text: builtins.filter builtins.isString (builtins.split by text);
        toLower = builtins.replaceStrings (letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ") (letters "abcdefghijklmnopqrstuvwxyz");
      };

      packages = system: let
        # Every input is forced, as for a true build; `stdenv` marks which one it was.
        make = stdenv: args: derivation (
          { name = "${args.pname}-${args.version}"; builder = "/bin/sh"; inherit system stdenv; }
          // removeAttrs args [ "meta" "passthru" ]
        ) // { inherit (args) pname version; meta = args.meta or { changelog = throw "no tag"; }; };
        run = stdenv: pname: args: buildCommand: make stdenv (args // { inherit pname buildCommand; version = "check"; });
        named = builtins.mapAttrs (pname: version: make "native" { inherit pname version; });
        stdenv = name: { mkDerivation = make name; hostPlatform.isLinux = builtins.elem system lib.platforms.linux; };

        # Versions that public copies of nixpkgs had; of cyclopts, trio and PyInstaller looop needs others.
        pythonPackages = self: named {
          cyclopts = "4.25.3"; google-re2 = "1.1.20251105"; hatchling = "1.27.0"; hypothesis = "6.150.0";
          msgspec = "0.22.0"; ptyprocess = "0.7.0"; pyinstaller = "6.11.0"; pyte = "0.8.2"; pytest = "9.1.0";
          coverage = "7.6.1"; pytest-timeout = "2.4.0"; pytest-trio = "0.8.0"; trio = "0.34.0"; wcwidth = "0.8.3"; zstandard = "0.23.0";
        };
        overridable = builtins.mapAttrs (pname: old: old // {
          overridePythonAttrs = change: make "native" ({ inherit pname; } // change old);
        });
        python = overrides: let
          prev = overridable (pythonPackages { });
          final = prev // overrides final prev // {
            fetchPypi = { pname, version, hash }: make "fetch" { inherit pname version hash; };
            buildPythonApplication = make "python";
            makePythonPath = builtins.concatStringsSep ":";
          };
        in {
          version = "3.13.9"; interpreter = "/bin/python3"; sitePackages = "lib/python3.13/site-packages"; pkgs = final;
          withPackages = pick: make "env" { pname = "python3"; version = "env"; paths = pick final; };
        };

        base = named {
          binutils = "2.44"; git = "2.51"; glibc = "2.40"; htop = "3.4"; import-linter = "2.5"; less = "685"; mypy = "1.19";
          nodejs = "24.11"; procps = "4.0"; ruff = "0.14"; tmux = "3.5"; vim = "9.1";
        } // {
          inherit lib;
          stdenv = stdenv "native";
          pkgsStatic.stdenv = stdenv "static";
          python3 = { override = { self, packageOverrides }: python packageOverrides; };
          mkShell = args: make "native" (args // { pname = "nix"; version = "shell"; });
          runCommand = run "no compiler";
          runCommandCC = run "native";
        };
        extend = overlay: let
          final = base // overlay final base // { callPackage = call final; };
        in final;
        call = final: it: args: let
          function = if builtins.isFunction it then it else import it;
        in function (builtins.intersectAttrs (builtins.functionArgs function) final // args);
      in { inherit extend; };
    in
    { inherit lib; legacyPackages = lib.genAttrs (lib.platforms.linux ++ lib.platforms.darwin) packages; };
}
