"""Completions for bash, from 3.2 on, with the bash-completion package or without it.

In: the grammar. Out: a script to source. No word that `looop complete` said is ever expanded: `compgen -W`
would do that, and is not used.
"""

from collections.abc import Iterable

from looop.cli.completion import Grammar, Verb

_SCRIPT = r"""# Completions of looop for bash, made by `looop config bash` of looop @VERSION@.

_looop_verb() { # what stands behind the verb $1
    places=() valued=() flags=() more=''
    case $1 in
@VERBS@
    esac
}

_looop_add() { # offer these words, as far as they go on with what was typed
    local word
    for word in "$@"; do
        if [[ $word == "$cur"* && $word != *[!A-Za-z0-9._/-]* ]]; then COMPREPLY+=("$word"); fi
    done
}

_looop_offer() { # offer what an argument is written as
    local word IFS=$' \t\n'
    case $1 in
    '' | -) ;;
    /)
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$cur")
        ;;
    =*)
        IFS=, read -ra words <<<"${1#=}"
        _looop_add "${words[@]}"
        ;;
    *)
        while IFS= read -r word; do
            if [[ $word == [A-Za-z0-9]* ]]; then _looop_add "$word"; fi
        done < <("$program" complete "$1" 2>/dev/null </dev/null)
        ;;
    esac
}

_looop() {
    local cur=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]} verb='' word value='' ended='' asks=''
    local more='' at=0 i j
    local -a places valued flags words
    [[ $# -gt 1 ]] && cur=$2 # only as far as the cursor
    [[ $cur == '=' ]] && cur=''
    [[ ${program:0:2} == '~/' ]] && program=$HOME/${program:2}
    type -P "$program" >/dev/null || program=looop # an alias, say
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ -z $verb ]]; then
            case $word in
            -*) ;;
            help) asks=1 ;;
            *) verb=$word && _looop_verb "$verb" ;;
            esac
        elif [[ ' @GROUPS@ ' == *" $verb "* ]]; then
            [[ $word == -* ]] || { verb="$verb $word" && _looop_verb "$verb"; }
        elif [[ -n $value ]]; then
            [[ $word == '=' ]] || value='' # it was that flag's value
        elif [[ -z $ended && $word == -- ]]; then
            ended=1
        elif [[ -z $ended && $word == -* ]]; then
            for ((j = 0; j < ${#valued[@]}; j += 2)); do
                [[ ${valued[j]} == "$word" ]] && value=${valued[j + 1]}
            done
        else
            at=$((at + 1))
        fi
    done
    if [[ -n $value ]]; then
        _looop_offer "$value"
    elif [[ -z $verb ]]; then
        _looop_verb "${asks:+help}"
        if [[ $cur == -* ]]; then _looop_add "${flags[@]}"; else _looop_add @FIRST@; fi
    elif [[ ' @GROUPS@ ' == *" $verb "* ]]; then
        case $verb in
@SECOND@
        esac
    elif [[ -n $asks ]]; then
        :
    elif [[ -z $ended && ($cur == -* || ($at -ge ${#places[@]} && -z $more)) ]]; then
        _looop_add "${flags[@]}"
    else
        _looop_offer "${places[at]:-$more}"
    fi
}

complete -F _looop looop
"""


def script(grammar: Grammar, version: str) -> str:
    """Write the script."""
    second = "\n".join(
        f"        {group}) _looop_add {_words(word for word, _ in words)} ;;"
        for group, words in grammar.groups.items()
    )
    return (
        _SCRIPT.replace("@VERSION@", version)
        .replace("@VERBS@", "\n".join(_case(verb) for verb in grammar.verbs))
        .replace("@GROUPS@", " ".join(grammar.groups))
        .replace("@FIRST@", _words(word for word, _ in grammar.first))
        .replace("@SECOND@", second)
    )


def _case(verb: Verb) -> str:
    known = [f"flags=({' '.join(flag.name for flag in verb.flags)})"]
    if verb.places:
        known.append(f"places=({_words(verb.places)})")
    if verb.valued:
        known.append(f"valued=({_words(word for pair in verb.valued for word in pair)})")
    if verb.more:
        known.append(f"more={_quoted(verb.more)}")
    return f"    {_quoted(verb.name)}) {' '.join(known)} ;;"


def _words(words: Iterable[str]) -> str:
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    return f"'{word}'"
