#!/bin/sh
# Install looop: fetch one release's file for this machine, check it, and put it in place whole or not at all.
# POSIX sh. Nothing happens before the last line, so that a copy of this that was cut off does nothing.
#
# The release workflow writes the repository's own address in the place of OWNER, which stands here for a home
# that the source doesn't know.
set -eu

releases=${LOOOP_RELEASES:-https://github.com/OWNER/looop/releases}
version=${LOOOP_VERSION:-}
completions=
work=
child=

usage() {
    cat <<'TEXT'
sh install.sh [--with-completions] [VERSION]

VERSION is such as 0.1.0; without one, the newest release is installed. --with-completions also writes what
bash, zsh, fish and man look for below ~/.local/share and ~/.config.

  LOOOP_VERSION      the version, where no argument names one
  LOOOP_INSTALL_DIR  the folder that gets `looop`; ~/.local/bin by default
  LOOOP_RELEASES     an address; below it lie download/v<VERSION>/ and latest/download/, each with SHA256SUMS and
                     looop-<VERSION>-<os>-<arch> for each machine. By default the project's releases on GitHub,
                     https://github.com/<owner>/looop/releases
TEXT
}

say() { printf '%s\n' "$*"; }

die() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

# Leave nothing behind, however this ends. A download runs in the background, so that a signal is heard at once.
clean_up() {
    trap - EXIT HUP INT TERM
    if [ -n "$child" ]; then kill "$child" 2>/dev/null || :; fi
    if [ -n "$work" ]; then rm -rf "$work"; fi
}

arguments() {
    for word in "$@"; do
        case $word in
        --with-completions) completions=1 ;;
        -h | --help)
            usage
            exit 0
            ;;
        -*) die "there is no option $word: see sh install.sh --help" ;;
        *) version=$word ;;
        esac
    done
    version=${version#v}
    case $version in *[!A-Za-z0-9.+-]*) die "$version is no version: give one such as 0.1.0" ;; esac
    case $releases in
    *OWNER*) die 'this copy does not know where releases are: set LOOOP_RELEASES, or take the one of a release' ;;
    esac
}

machine() {
    case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=macos ;;
    *) die "there is no file for $(uname -s): looop runs from source there, see the README" ;;
    esac
    case $(uname -m) in
    x86_64 | amd64) arch=x86_64 ;;
    aarch64 | arm64) arch=aarch64 ;;
    *) die "there is no file for $(uname -m): looop runs from source there, see the README" ;;
    esac
}

tools() {
    if command -v sha256sum >/dev/null; then
        digest() { sha256sum "$1" | cut -d ' ' -f 1; }
    elif command -v shasum >/dev/null; then
        digest() { shasum -a 256 "$1" | cut -d ' ' -f 1; }
    else
        die 'neither sha256sum nor shasum is there, and nothing is installed unchecked: install one of them'
    fi
    if command -v curl >/dev/null; then
        only=
        case $releases in https://*) only='--proto =https --tlsv1.2' ;; esac
        # shellcheck disable=SC2086 # words, and none of them from outside
        start() { curl -fsSL $only --connect-timeout 30 --speed-limit 1 --speed-time 60 -o "$2" "$1" & }
    elif command -v wget >/dev/null; then
        tries=
        case $(wget --version 2>/dev/null) in *GNU*) tries=--tries=2 ;; esac # else twenty, of a cut file too
        # shellcheck disable=SC2086
        start() { wget -q $tries -T 60 -O "$2" "$1" & }
    else
        die 'neither curl nor wget is there: install one of them'
    fi
}

# Make the folder, and one in it for what is not finished: a rename within one disk is whole or nothing.
places() {
    folder=${LOOOP_INSTALL_DIR:-}
    if [ -z "$folder" ]; then
        case ${HOME:-} in
        /*) folder=$HOME/.local/bin ;;
        *) die 'HOME is not set to a full path: set it, or name a folder with LOOOP_INSTALL_DIR' ;;
        esac
    fi
    mkdir -p "$folder" || die "$folder can't be made: name another folder with LOOOP_INSTALL_DIR"
    folder=$(CDPATH='' cd -- "$folder" && pwd) || die "$folder can't be entered: name another one"
    target=$folder/looop
    if [ -d "$target" ]; then die "$target is a folder: move it away, or name another with LOOOP_INSTALL_DIR"; fi
    work=$(mktemp -d "$folder/.looop-install.XXXXXX") ||
        die "$folder can't be written to: name another folder with LOOOP_INSTALL_DIR"
}

fetch() { # URL FILE
    start "$1" "$2"
    child=$!
    wait "$child" || die "$1 could not be fetched whole: nothing was installed. Is the version right?"
    child=
}

# Fetch what the release says of itself, and find the line of this machine's file.
look_up() {
    if [ -n "$version" ]; then
        fetch "$releases/download/v$version/SHA256SUMS" "$work/SHA256SUMS"
    else
        fetch "$releases/latest/download/SHA256SUMS" "$work/SHA256SUMS"
        version=$(sed -n "s/^[0-9a-f]*  looop-\([A-Za-z0-9.+-]*\)-$os-$arch\$/\1/p" "$work/SHA256SUMS")
        case $version in
        '' | *[!A-Za-z0-9.+-]*) die "the newest release has no file for $os-$arch: name a version that has" ;;
        esac
    fi
    name=looop-$version-$os-$arch
    wanted=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' "$work/SHA256SUMS")
    if [ -z "$wanted" ]; then die "SHA256SUMS of $version names no $name: nothing was installed"; fi
    case $wanted in *[!0-9a-f]*) wanted= ;; esac
    if [ ${#wanted} -ne 64 ]; then die "SHA256SUMS of $version is broken at $name: nothing was installed"; fi
}

put_in_place() {
    fetch "$releases/download/v$version/$name" "$work/looop"
    found=$(digest "$work/looop")
    if [ "$found" != "$wanted" ]; then
        die "$name has SHA-256 $found, and its release says $wanted: nothing was installed. Try again."
    fi
    chmod 755 "$work/looop"
    "$work/looop" version >/dev/null || die "$name does not run here, as said above: nothing was installed"
    sync "$work/looop" 2>/dev/null || : # where sync knows files: whole after a power cut, too
    earlier=
    if [ -e "$target" ]; then earlier=1; fi
    mv -f "$work/looop" "$target" || die "$target could not be replaced: it is as it was"
    say "looop $version is $target now (SHA-256 $wanted)."
    if [ -n "$earlier" ]; then say "It replaced an earlier one. If looop is up, 'looop up' renews it; sessions go on."; fi
}

put() { # FILE ARGUMENT...: what looop prints, whole or not at all
    place=$1
    shift
    if ! { mkdir -p "$(dirname "$place")" && "$target" "$@" >"$work/text" && mv -f "$work/text" "$place"; }; then
        die "$place could not be written; looop itself is installed"
    fi
    say "Written: $place"
}

extras() {
    data=${XDG_DATA_HOME:-${HOME:?}/.local/share}
    put "$data/bash-completion/completions/looop" config bash
    put "$data/zsh/site-functions/_looop" config zsh
    put "${XDG_CONFIG_HOME:-${HOME:?}/.config}/fish/completions/looop.fish" config fish
    put "$data/man/man1/looop.1" help --man
    say "zsh finds its own once $data/zsh/site-functions is in fpath, before compinit."
}

what_next() {
    case :$PATH: in
    *":$folder:"*)
        first=$(command -v looop || :)
        if [ "$first" = "$target" ]; then
            say 'Next: looop init'
        else
            say "Another looop comes first on your PATH, $first: remove it, or put $folder before it."
        fi
        ;;
    *)
        say "$folder is not on your PATH. Add it where your shell starts:"
        say "    export PATH=\"$folder:\$PATH\""
        say "Next: $target init"
        ;;
    esac
}

main() {
    trap clean_up EXIT
    trap 'clean_up; exit 129' HUP
    trap 'clean_up; exit 130' INT
    trap 'clean_up; exit 143' TERM
    arguments "$@"
    machine
    tools
    places
    look_up
    put_in_place
    if [ -n "$completions" ]; then extras; fi
    what_next
}

main "$@"
