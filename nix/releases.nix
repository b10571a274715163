# Releases from the package index: version, and hash of the source archive. nix/python.nix takes one only where
# nixpkgs' own version will not do; nix/bundle.nix takes the C source of zstd out of zstandard's.
{
  cyclopts = {
    version = "5.5.2";
    hash = "sha256-wDObfd17HIhvE7uLaKamWqcUTTAn8dDikL5RS4/hWJs=";
  };
  pyinstaller = {
    version = "6.22.3";
    hash = "sha256-BesvVhVQPnKTmnIk1otK/1csawQ47koX0KS0gfOZNi0=";
  };
  trio = {
    version = "0.35.0";
    hash = "sha256-fvspXHig7NEjXFdZ5iC12lZMqA0u/LAFVCNYhUcki5Y=";
  };
  zstandard = {
    version = "0.25.0";
    hash = "sha256-dxPhF50WLPXHkG2oduwsy5w6ncvf/vDMf3DDZnogXws=";
  };
}
