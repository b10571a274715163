"""Completions for zsh, sourced after compinit or found in fpath as `_looop`.

In: the grammar. Out: a script. Its walk along the words is that of the script for bash; beside words it shows
what they are for.
"""

from collections.abc import Iterable

from looop.cli.completion import Grammar, Verb

_SCRIPT = r"""#compdef looop
# Completions of looop for zsh, made by `looop config zsh` of looop @VERSION@.

_looop_verb() { # what stands behind the verb $1
    places=() valued=() flags=() more=
    case $1 in
@VERBS@
    esac
}

_looop_offer() { # offer what an argument is written as
    local -a found
    case $1 in
    (''|-) return 1 ;;
    ('/') _files -/ && return ;;
    ('='*) found=("${(@s:,:)1#=}") ;;
    (*) found=("${(@f)$($program complete $1 2>/dev/null </dev/null)}") ;;
    esac
    found=("${(@)${(@M)found:#[A-Za-z0-9]*}:#*[^A-Za-z0-9._/-]*}")
    compadd -a found
}

_looop() {
    local program=${(Q)words[1]} verb= word= value= ended= asks= more=
    local -i at=0 i
    local -a places flags said
    local -A valued
    [[ $program == '~/'* ]] && program=$HOME/${program#'~/'}
    whence -p -- $program >/dev/null || program=looop # an alias, say
    for (( i = 2; i < CURRENT; i++ )); do
        word=$words[i]
        if [[ -z $verb ]]; then
            case $word in
            (-*) ;;
            (help) asks=1 ;;
            (*) verb=$word; _looop_verb $verb ;;
            esac
        elif [[ $verb == (@GROUPS@) ]]; then
            [[ $word == -* ]] || { verb="$verb $word"; _looop_verb $verb }
        elif [[ -n $value ]]; then
            value= # it was that flag's value
        elif [[ -z $ended && $word == -- ]]; then
            ended=1
        elif [[ -z $ended && $word == -* ]]; then
            value=${valued[$word]-}
        else
            at+=1
        fi
    done
    if [[ -z $value && -z $ended && $PREFIX == --*=* ]]; then
        value=${valued[${PREFIX%%=*}]-}
        compset -P '*='
    fi
    if [[ -n $value ]]; then
        _looop_offer $value
    elif [[ -z $verb ]]; then
        if [[ $PREFIX == -* ]]; then
            _looop_verb "${asks:+help}"
            _describe -o -t options flag flags
        else
            said=(
@FIRST@
            )
            _describe -t verbs verb said
        fi
    elif [[ $verb == (@GROUPS@) ]]; then
        case $verb in
@SECOND@
        esac
        _describe -t verbs verb said
    elif [[ -n $asks ]]; then
        return 1
    elif [[ -z $ended && ( $PREFIX == -* || ( $at -ge $#places && -z $more ) ) ]]; then
        _describe -o -t options flag flags
    else
        _looop_offer ${places[at + 1]:-$more}
    fi
}

if [[ $funcstack[1] == _looop ]]; then
    _looop "$@"
elif (( $+functions[compdef] )); then
    compdef _looop looop
else
    print -u2 'looop: completions need compinit first: autoload -Uz compinit && compinit'
fi
"""


def script(grammar: Grammar, version: str) -> str:
    """Write the script."""
    second = "\n".join(f"        ({group}) said=({_pairs(it)}) ;;" for group, it in grammar.groups.items())
    first = "\n".join(f"                {_pairs([pair])}" for pair in grammar.first)
    return (
        _SCRIPT.replace("@VERSION@", version)
        .replace("@VERBS@", "\n".join(_case(verb) for verb in grammar.verbs))
        .replace("@GROUPS@", "|".join(grammar.groups))
        .replace("@FIRST@", first)
        .replace("@SECOND@", second)
    )


def _case(verb: Verb) -> str:
    known = [f"flags=({_pairs((flag.name, flag.help) for flag in verb.flags)})"]
    if verb.places:
        known.append(f"places=({' '.join(map(_quoted, verb.places))})")
    if verb.valued:
        known.append(f"valued=({' '.join(_quoted(word) for pair in verb.valued for word in pair)})")
    if verb.more:
        known.append(f"more={_quoted(verb.more)}")
    return f"    ({_quoted(verb.name)}) {' '.join(known)} ;;"


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Write words with what they are for, as `_describe` reads them: a colon between."""
    return " ".join(_quoted(f"{word}:{_escaped(said)}") for word, said in pairs)


def _escaped(said: str) -> str:
    return said.replace("\\", "\\\\").replace(":", "\\:")


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
