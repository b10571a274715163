# See the `looop` on PATH work, in a profile of its own that is gone afterwards: its version, one beat without an
# engine, an engine with a session, and the end of both. In: the version that it should have. Out: nothing, or 1.
set -eu
unset "${!LOOOP_@}" "${!XDG_@}"
home=$(mktemp -d)
export HOME=$home LOOOP_DATA_DIR=$home/data LOOOP_CONFIG=$home/looop.json
trap 'looop down --all --now >/dev/null 2>&1 || :; rm -rf "$home"' EXIT

expect() { # what should be said; the command that should say it
    local said
    said=$("${@:2}")
    case $said in
    *"$1"*) ;;
    *)
        echo "looop's smoke test: ${*:2} did not say '$1' but: $said" >&2
        exit 1
        ;;
    esac
}

expect "$1" looop version
expect start-session looop help
looop init --runner rehearsal --yes >/dev/null
looop tick >/dev/null
expect '- 20' looop journal
looop up >/dev/null
looop start-session hello --command 'echo "hello from $LOOOP_SESSION_ID"; exit 7' >/dev/null
code=0
looop wait hello >/dev/null || code=$?
[ "$code" = 7 ] || { echo "looop's smoke test: a session's exit code 7 came back as $code" >&2; exit 1; }
expect 'hello from hello' looop log hello
looop down --all >/dev/null
