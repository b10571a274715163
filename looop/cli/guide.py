"""The words of the manual: what looop is, its rules, its files. `cli.manual` puts the verbs between them.

Nothing comes in but two paths. A test holds `GROUPS` and the verbs together.
"""

IDEA = """\
looop looks at the world for you, again and again, and lets an AI take one step at a time.

  You write down how things should be: a file for each goal. Small scripts, the sensors, say how things are.
  looop compares. As long as nothing differs it costs nothing: it sleeps. When something does, it starts an
  agent (claude, pi, …) once, gives it all that matters as text, lets it make one move, writes one line into
  the journal, and forgets the agent. What is remembered stands in plain files that you and it both edit, so
  looop may be off for weeks: the next beat looks at what is there and goes on.

A BEAT
  1  all sensors run and print JSON
  2  is the world as the last good tick saw it? then sleep
  3  otherwise the agent reads PLAYBOOK, goals, readings, the journal's end, and what changed
  4  it changes copies; looop checks that they are one move, and only then puts them in place
  5  one line in the journal tells what was done, also when that was nothing, or failed

BEGIN
  looop init      choose an agent, see its commands and limits, agree to them
  looop up        start the pulse; it goes on without this terminal
  looop           what waits for you
  looop why       why it did what it did last, or why it sleeps
  Until you have agreed to an agent, looop rehearses: a few fixed rules play the agent, and say so."""

GROUPS: dict[str, tuple[str, ...]] = {
    "THE LOOP": ("", "up", "down", "tick", "pause", "unpause", "unpark"),
    "LOOKING": ("status", "why", "explain", "journal", "runs", "watch", "log", "cost", "events"),
    "WHAT CHANGED": ("history", "diff", "undo"),
    "SESSIONS": ("start-session", "ls", "shot", "restart", "resume", "kill", "freeze", "thaw", "prune"),
    "DRIVING ONE": ("send", "key", "expect", "wait", "wait-idle", "resize", "attach", "detach"),
    "GOALS": ("goals", "goal new", "goal show", "goal edit", "goal archive"),
    "SENSORS": ("sensors", "sensor run", "sensor show", "sensor off", "sensor on"),
    "YOU AND IT": ("answer", "approve", "deny", "unflag", "trust", "reports", "claims"),
    "THE GUARD": ("guard test", "guard rules"),
    "FOR WORKERS": ("flag", "propose", "claim", "unclaim", "done", "spent", "sandbox", "guard ask"),
    "SETTING UP": ("init", "doctor", "notify", "config", "licenses", "uninstall", "version", "help"),
}

RULES = """\
WHAT HOLDS
  One move a tick. Edits of two things at once land nothing, and the next tick is told why.
  looop itself never decides anything: it looks, compares, asks, checks and writes down.
  Agents are told to prepare what can't be undone and to leave it to you, and to ask when they don't know.
  Where `looop status` says "confined", walls hold that: they see none of your credentials and change only
  their own folders. Where it says "NOT confined", it is a rule that they are given, and they run as you.
  Every beat looks afresh. No file that is only scratch is ever needed: delete it and the next beat is right.
  Policy (PLAYBOOK, goals, sensors) is changed by you and by landings, by nobody else.
  A sensor or a check that an AI wrote is not run before you have approved it. A tick that takes a guardrail
  out of PLAYBOOK waits for you, and so does one that was shown strangers' text (`# looop: untrusted`) and
  wants to change PLAYBOOK or a sensor. `looop trust` lists it all.
  What looop does not own, a mail that an agent sends, it can't take back. PLAYBOOK says what is off limits.

A GOAL is goals/NAME.md: a line ---, a line `goal: how things should be`, a line ---, then notes with dates.
  A line `verify: COMMAND` below the first checks the work of each session on it, once, when that has ended.
A SENSOR is sensors/NAME.sh: it begins with #!, is executable, and prints one JSON value. Of an object only
  `signal` wakes the loop, `detail` is context. `# looop: timeout=20s` and `# looop: interval=10m` among its
  first lines set its deadline and how often it runs."""


def files(data: str, config: str) -> str:
    """Name the places that hold everything."""
    return f"""\
FILES
  {data}
    PLAYBOOK.md goals/ sensors/ journal.md reports/   the memory; keep these, all else can be made again
    guard/      small scripts that come first in an agent's PATH; `looop guard rules` lists what they hold
    history/    every version of PLAYBOOK, goals and sensors, within bounds: `looop history`, `diff`, `undo`
    runs/       one folder for each time the agent was asked: what it was told, what it said, what landed
    sessions/pulse/output.log   what the pulse says
  {config}
    CONFIG: the agent, intervals, limits; each key can be overridden by a variable LOOOP_<KEY>
  LOOOP_DATA_DIR and LOOOP_CONFIG name other places; another DATA is another, separate loop."""
