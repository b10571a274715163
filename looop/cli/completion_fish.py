"""Completions for fish, from 3.1 on: sourced, or saved among its completions.

In: the grammar. Out: a script. Its walk along the words is that of the script for bash; beside words it shows
what they are for.
"""

from collections.abc import Iterable

from looop.cli.completion import Grammar, Verb

_SCRIPT = r"""# Completions of looop for fish, made by `looop config fish` of looop @VERSION@.

function __looop_verb -S -a name # what stands behind a verb
    set places
    set valued
    set flags
    set more ''
    switch $name
@VERBS@
    end
end

function __looop_offer -S -a what # offer what an argument is written as
    switch $what
        case '' -
        case /
            __fish_complete_directories $cur
        case '=*'
            printf "$before%s\n" (string split , (string sub -s 2 -- $what))
        case '*'
            command -sq -- $program; or return
            set -l found (command $program complete $what 2>/dev/null </dev/null)
            set found (string match -r '^[A-Za-z0-9][A-Za-z0-9._/-]*$' -- $found)
            and printf "$before%s\n" $found
    end
end

function __looop
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    command -sq -- $program; or set program looop # an alias, say
    set -l verb ''
    set -l value ''
    set -l ended ''
    set -l asks ''
    set -l before ''
    set -l more ''
    set -l at 1
    set -l places
    set -l valued
    set -l flags
    for word in $words[2..-1]
        if test -z "$verb"
            switch $word
                case '-*'
                case help
                    set asks 1
                case '*'
                    set verb $word
                    __looop_verb $verb
            end
        else if contains -- $verb @GROUPS@
            if not string match -q -- '-*' $word
                set verb "$verb $word"
                __looop_verb $verb
            end
        else if test -n "$value"
            set value '' # it was that flag's value
        else if test -z "$ended" -a "$word" = --
            set ended 1
        else if test -z "$ended"; and string match -q -- '-*' $word
            set -l i (contains -i -- $word $valued)
            and set value $valued[(math $i + 1)]
        else
            set at (math $at + 1)
        end
    end
    if test -z "$value$ended"; and string match -q -- '--*=*' $cur
        set before (string replace -r '=.*' = -- $cur)
        set -l i (contains -i -- (string replace -r '=.*' '' -- $cur) $valued)
        and set value $valued[(math $i + 1)]
    end
    if test -n "$value"
        __looop_offer $value
    else if test -z "$verb"
        if string match -q -- '-*' $cur
            __looop_verb (test -n "$asks"; and echo help; or echo)
            printf '%s\t%s\n' $flags
        else
            printf '%s\t%s\n' @FIRST@
        end
    else if contains -- $verb @GROUPS@
        switch $verb
@SECOND@
        end
    else if test -n "$asks"
        return
    else if test -z "$ended"; and begin
            string match -q -- '-*' $cur; or test $at -gt (count $places) -a -z "$more"
        end
        printf '%s\t%s\n' $flags
    else if test $at -le (count $places)
        __looop_offer $places[$at]
    else
        __looop_offer $more
    end
end

complete -c looop -e
complete -c looop -f -a '(__looop)'
"""


def script(grammar: Grammar, version: str) -> str:
    """Write the script."""
    second = "\n".join(
        f"            case {group}\n                printf '%s\\t%s\\n' {_flat(words)}"
        for group, words in grammar.groups.items()
    )
    return (
        _SCRIPT.replace("@VERSION@", version)
        .replace("@VERBS@", "\n".join(_case(verb) for verb in grammar.verbs))
        .replace("@GROUPS@", " ".join(grammar.groups))
        .replace("@FIRST@", _flat(grammar.first))
        .replace("@SECOND@", second)
    )


def _case(verb: Verb) -> str:
    known = [f"set flags {_flat((flag.name, flag.help) for flag in verb.flags)}"]
    if verb.places:
        known.append(f"set places {' '.join(map(_quoted, verb.places))}")
    if verb.valued:
        known.append(f"set valued {_flat(verb.valued)}")
    if verb.more:
        known.append(f"set more {_quoted(verb.more)}")
    return "\n".join([f"        case {_quoted(verb.name)}", *(f"            {line}" for line in known)])


def _flat(pairs: Iterable[tuple[str, str]]) -> str:
    return " ".join(_quoted(word) for pair in pairs for word in pair)


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
