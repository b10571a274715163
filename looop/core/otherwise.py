"""What would change the judgement of a session's state, in words for `explain`.

In: a state, where it comes from, and when time alone would change it. Out: a sentence. Pure.
"""

from looop.core.sessions import State

_STATES = {
    State.STARTING: "its first output",
    State.WORKING: "an agent's report, or a screen that stands still and shows that it waits",
    State.IDLE: "anything typed to it, or the agent's report that it works",
    State.ASKING: "an answer typed to it",
    State.FLAGGED: "a person's `looop answer`, or `looop unflag`",
    State.STALLED: "any output, or anything typed to it",
    State.FROZEN: "a person's `looop thaw`",
    State.ENDED: "nothing: it is over",
    State.KILLED: "nothing: it is over",
    State.LOST: "nothing: it is over",
    State.UNKNOWN: "any output that looks like something known",
}

_LATER = {
    State.STARTING: "its silence",
    State.WORKING: "its silence",
    State.UNKNOWN: "its silence",
}


def otherwise(state: State, *, timed: bool) -> str:
    """Say what would change it; `timed`: the same facts would be judged otherwise at some moment."""
    later = _LATER.get(state, "time alone") if timed else ""
    return f"{_STATES[state]}; or {later}" if later else _STATES[state]
