# What looop adds to nixpkgs: `looop`, the Python application, and `looop-bundle`, the single native file.
# In: nixpkgs after and before the overlay. Out: the two; nothing that nixpkgs has is changed.
final: _: {
  looop = final.callPackage ./package.nix { };
  looop-bundle = final.callPackage ./bundle.nix { };
}
