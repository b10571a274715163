{
  description = "A tiny, portable, Kubernetes-shaped control loop for a person's work";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      # Each system is its own thunk: one that nixpkgs no longer has breaks none of the others.
      each = make: lib.genAttrs systems (system: make (packages system));
      packages = system: nixpkgs.legacyPackages.${system}.extend self.overlays.default;
    in
    {
      overlays.default = import ./nix/overlay.nix;

      packages = each (pkgs: {
        default = pkgs.looop;
        bundle = pkgs.looop-bundle;
      });

      apps = each (pkgs: rec {
        default = looop;
        looop = {
          type = "app";
          program = lib.getExe pkgs.looop;
          meta.description = pkgs.looop.meta.description;
        };
      });

      devShells = each (pkgs: {
        default = pkgs.callPackage ./nix/shell.nix { };
        bundle = pkgs.looop-bundle;
      });

      checks = each (pkgs: pkgs.callPackage ./nix/checks.nix { });
    };
}
