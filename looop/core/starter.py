"""A person's answers become policy files: sensors that run, goals, and a PLAYBOOK of their own.

In: `core.interview.Answers` and the policy files that are there. Out: the files to write. What a person typed
goes into a script only as one quoted word, and into a text only as one line behind a bullet.
"""

import re
import shlex
from collections.abc import Iterator, Mapping

from looop.core.interview import Answers

_SLUG = re.compile(r"[^a-z0-9]+")
_HEADING = re.compile(r"^## ", re.MULTILINE)

_JSON_TEXT = r"""text() { printf '%s' "$1" | tr -c '\040-\176' '[?*]' | sed 's/[\\"]/\\&/g'; }"""

_FOLDER = rf"""#!/bin/sh
# A git repository: where it stands, and whether work in it is unfinished or not pushed. It only looks.
# looop: timeout=30s interval=@often@
LC_ALL=C
export LC_ALL
repo=@what@
look() {{ git --no-optional-locks -c core.fsmonitor=false -C "$repo" "$@"; }}
{_JSON_TEXT}
look rev-parse --git-dir >/dev/null || exit 1
branch=$(look symbolic-ref --quiet --short HEAD) || branch=detached
head=$(look rev-parse --short --verify --quiet HEAD) || head=none
ahead=$(look rev-list --count '@{{upstream}}..HEAD' 2>/dev/null) || ahead=null
behind=$(look rev-list --count 'HEAD..@{{upstream}}' 2>/dev/null) || behind=null
changed=$(look status --porcelain) || exit 1
if [ -z "$changed" ]; then clean=true; else clean=false; fi
printf '{{"signal": {{"branch": "%s", "head": "%s", "clean": %s, "ahead": %s, "behind": %s}}, ' \
    "$(text "$branch")" "$head" "$clean" "$ahead" "$behind"
printf '"detail": {{"repository": "%s"}}}}\n' "$(text "$repo")"
"""

_GITHUB = """#!/bin/sh
# Open pull requests and issues on GitHub, by number, title and last change.
# looop: timeout=60s interval=@often@ untrusted
GH_PROMPT_DISABLED=1 GH_NO_UPDATE_NOTIFIER=1 NO_COLOR=1
export GH_PROMPT_DISABLED GH_NO_UPDATE_NOTIFIER NO_COLOR
repo=@what@
short='[.[] | {number, title: .title[0:60], updatedAt}]'
pulls=$(gh pr list --repo "$repo" --limit 12 --json number,title,updatedAt --jq "$short") || exit 1
issues=$(gh issue list --repo "$repo" --limit 12 --json number,title,updatedAt --jq "$short") || exit 1
printf '{"signal": {"pulls": %s, "issues": %s}}\\n' "$pulls" "$issues"
"""

_PAGE = rf"""#!/bin/sh
# A web page: its status, and whether its text has changed.
# looop: timeout=40s interval=@often@ untrusted
LC_ALL=C
export LC_ALL
url=@what@
{_JSON_TEXT}
got=$(curl --silent --location --globoff --proto '=http,https' --max-time 30 --max-filesize 5000000 \
    --write-out '\n%{{http_code}}' --url "$url" | tr -d '\000') || exit 1
status=$(printf '%s\n' "$got" | tail -n 1)
case $status in [0-9][0-9][0-9]) ;; *) exit 1 ;; esac
if [ "$status" = 000 ]; then echo "no answer" >&2; exit 1; fi
sum=$(printf '%s\n' "$got" | sed '$d' | cksum | tr ' ' '-')
printf '{{"signal": {{"status": "%s", "sum": "%s"}}, "detail": {{"page": "%s"}}}}\n' \
    "$status" "$sum" "$(text "$url")"
"""

_COMMAND = rf"""#!/bin/sh
# A command's output: how it ended, and whether what it says has changed.
# looop: timeout=60s interval=@often@ untrusted
command=@what@
said=$(sh -c "$command" 2>&1 </dev/null)
code=$?
LC_ALL=C
export LC_ALL
{_JSON_TEXT}
sum=$(printf '%s' "$said" | cksum | tr ' ' '-')
begin=$(printf '%s' "$said" | head -c 500 | tr '\n' ' ')
printf '{{"signal": {{"exit": %s, "sum": "%s"}}, "detail": {{"command": "%s", "says": "%s"}}}}\n' \
    "$code" "$sum" "$(text "$command")" "$(text "$begin")"
"""

_KINDS = (("folders", "git", _FOLDER), ("github", "github", _GITHUB), ("pages", "page", _PAGE))
_ALL_KINDS = (*_KINDS, ("commands", "command", _COMMAND))

_FIRST = "Whatever waits for the person: make it easy to decide, and let it wait. Don't work around it."
_LAST = (
    "What has changed, if a goal speaks of it.",
    "A goal that comes nearer to its end by a step that is small, useful and can be undone.",
    "Nothing. A quiet day is a good day.",
)


def files(answers: Answers, there: Mapping[str, str]) -> dict[str, str]:
    """Give the text of each file to write, by path. `there` maps the policy files' paths to their text.

    A file that is there keeps its name to itself: a new one gets another, unless it says the same.
    """
    made: dict[str, str] = {}
    for key, kind, script in _ALL_KINDS:
        for what in answers.to(key):
            text = _script(script, what, answers.to(f"{key}_often")[:1] or ("10m",))
            _add(made, there, f"sensors/{kind}-{_slug(_short(key, what))}", ".sh", text)
    sensors = [path.removeprefix("sensors/").removesuffix(".sh") for path in made]
    for place, goal in enumerate((*answers.to("aim"), *answers.to("goals"))):
        watch = f"watch: {', '.join(sensors)}\n" if place == 0 and sensors else ""
        _add(made, there, f"goals/{_slug(goal)}", ".md", f"---\ngoal: {goal}\n{watch}---\n\n## Notes\n")
    made["PLAYBOOK.md"] = _playbook(there.get("PLAYBOOK.md", "# PLAYBOOK\n"), answers)
    return made


def _script(script: str, what: str, often: tuple[str, ...]) -> str:
    # One pass: text that a person typed may hold the mark of the other place.
    values = {"@what@": shlex.quote(what), "@often@": often[0].replace(" ", "")}
    return re.sub(r"@what@|@often@", lambda mark: values[mark[0]], script)


def _add(made: dict[str, str], there: Mapping[str, str], stem: str, suffix: str, text: str) -> None:
    names = _names(stem, suffix)
    made[next(path for path in names if path not in made and there.get(path, text) == text)] = text


def _names(stem: str, suffix: str) -> Iterator[str]:
    yield f"{stem}{suffix}"
    count = 2
    while True:
        yield f"{stem}-{count}{suffix}"
        count += 1


def _short(key: str, what: str) -> str:
    if key == "folders":
        return what.rstrip("/").rpartition("/")[2]
    return what.partition("://")[2] if key == "pages" else what


def _slug(text: str) -> str:
    return _SLUG.sub("-", text.lower()).strip("-")[:40].strip("-") or "x"


def _playbook(text: str, answers: Answers) -> str:
    order = [_FIRST, *answers.to("priorities"), *_LAST]
    text = _section(
        text, "Priorities", [f"{place}. {line}" for place, line in enumerate(order, 1)], keep=False
    )
    never = [f"- Never without the person: {line}" for line in answers.to("never")]
    return _section(text, "Guardrails", [line for line in never if line not in text], keep=True)


def _section(text: str, heading: str, lines: list[str], *, keep: bool) -> str:
    """Put lines into the section that begins with a heading (`keep`: above what is there), or append one."""
    if not lines:
        return text
    found = re.search(rf"^## {heading}\b[^\n]*\n", text, re.MULTILINE)
    block = "".join(f"{line}\n" for line in lines)
    if found is None:
        return f"{text.rstrip()}\n\n## {heading}\n\n{block}"
    rest = text[found.end() :]
    after = _HEADING.search(rest)
    end = after.start() if after else len(rest)
    kept = rest[:end].strip("\n") if keep else ""
    kept += "\n" if kept else ""
    below = f"\n{rest[end:]}" if rest[end:] else ""
    return f"{text[: found.end()]}\n{block}{kept}{below}"
