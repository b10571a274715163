"""A goal's frontmatter: the block between two `---` lines at the top, `key: value` a line.

Read by people's rules, not YAML's: the first 64 lines count, values are plain text.
"""

_LINES = 64


def front(text: str) -> dict[str, str]:
    """Give the frontmatter; empty when there is none or it is never closed."""
    lines = [line.rstrip() for line in text.split("\n", _LINES)[:_LINES]]
    if not lines or lines[0] != "---" or "---" not in lines[1:]:
        return {}
    block = lines[1 : lines.index("---", 1)]
    pairs = (line.partition(":") for line in block if ":" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def check(text: str) -> str:
    """Give the command of the `verify:` line, which checks a session's work on this goal; "" without one."""
    return front(text).get("verify", "")


def is_goal(text: str) -> bool:
    """Tell whether a file has what makes it a goal: a `goal:` line that says something."""
    return bool(front(text).get("goal"))
