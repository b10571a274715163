"""Small screens, written by hand after what the real programs draw: what a session's state is judged by."""

from collections.abc import Mapping

_BAR = "─" * 60
_HEAD = ("▐▛█▜▌  Claude Code v2.1.197", "")

CLAUDE: Mapping[str, tuple[str, ...]] = {
    "working": (
        *_HEAD,
        "❯ tidy the desk",
        "● Bash(make)",
        "  ⎿  Running…",
        "✻ Gusting… (2s · ↓ 9 tokens)",
        *("", _BAR, "❯", _BAR),
        "  ⏵⏵ bypass permissions on (shift+tab to cycle) · esc to interrupt",
    ),
    "idle": (
        *_HEAD,
        "● Done.",
        "✻ Brewed for 3s",
        *("", _BAR, "❯", _BAR),
        "  ⏵⏵ bypass permissions on (shift+tab to cycle)",
    ),
    "permission": (
        *_HEAD,
        *("● Bash(make)", "  ⎿  Waiting…", _BAR, " Bash command", "   make"),
        *(" Do you want to proceed?", " ❯ 1. Yes", "   2. No"),
        " Esc to cancel · Tab to amend",
    ),
    "question": (
        *("❯ ask me", _BAR, "Which colour?", "❯ 1. Red", "  2. Blue", _BAR, "  4. Chat about this"),
        *("", "Enter to select · ↑/↓ to navigate · Esc to cancel"),
    ),
    "trust": (
        *(_BAR, " Accessing workspace:", " /desk", " Quick safety check: is it yours?"),
        *(" ❯ 1. Yes, I trust this folder", "   2. No, exit", " Enter to confirm · Esc to cancel"),
    ),
    "key": (
        *(" Detected a custom API key in your environment", " Do you want to use this API key?"),
        *("   1. Yes", " ❯ 2. No (recommended)", " Enter to confirm · Esc to cancel"),
    ),
    "bypass": (
        "  WARNING: Claude Code running in Bypass Permissions mode",
        *("  ❯ 1. No, exit", "    2. Yes, I accept", "  Enter to confirm · Esc to cancel"),
    ),
    "first": (" Let's get started.", " Choose the text style that looks best", " ❯ 2. Dark mode ✔"),
    "login": (*_HEAD, "● Please run /login · API Error: 401", "", "  · Please run /login", _BAR, "❯", _BAR),
}

_FOOT = ("/desk", "↑2.0k ↓100 $0.007 0.8%/128k (auto)                        (loopback) scripted")

PI: Mapping[str, tuple[str, ...]] = {
    "working": (" tidy the desk", " $ make", " Elapsed 2.0s", f"── ⠧ Working {_BAR}", "", _BAR, *_FOOT),
    "older working": (" tidy the desk", " ⠦ Working...", _BAR, "", _BAR, *_FOOT),
    "idle": (" tidy the desk", " Done.", "", _BAR, "", _BAR, *_FOOT),
    "trust": (
        *(_BAR, " Trust project folder?", " /desk", " → Trust", "   Do not trust"),
        *(" ↑↓ navigate  enter select  escape/ctrl+c cancel", _BAR),
    ),
    "no key": (
        " Error: No API key found for the selected model.",
        *(" Use /login to log into a provider via OAuth or API key. See:", _BAR, "", _BAR, *_FOOT),
    ),
}

CODEX: Mapping[str, tuple[str, ...]] = {
    "working": ("• Working (3s • esc to interrupt)", "", "› ", "  ? for shortcuts"),
    "idle": ("• Done.", "", "› Ask for a change", "  ? for shortcuts        98% context left"),
    "permission": ("  Would you like to run the following command?", "› 1. Yes, proceed", "  2. No"),
    "login": ("  Sign in with ChatGPT to use Codex", "> 1. Sign in with ChatGPT"),
}

GEMINI: Mapping[str, tuple[str, ...]] = {
    "working": ("⠏ Thinking about desks (esc to cancel, 3s)", "> "),
    "idle": ("✦ Done.", "│ > Type your message or @path/to/file │", "no sandbox"),
    "permission": ("│ Allow execution of: 'make'? │", "│ ● 1. Yes, allow once │"),
    "login": ("│ How would you like to authenticate for this project? │", "│ ● 1. Login with Google │"),
}

OPENCODE: Mapping[str, tuple[str, ...]] = {
    "working": ("  Build · scripted", "  ■■■⬝⬝  esc interrupt"),
    "idle": ('  Ask anything... "Fix broken tests"', "  tab agents  ctrl+p commands"),
    "permission": ("  △ Permission required", "  Allow once   Allow always   Reject"),
}

AGENTS = {"claude": CLAUDE, "pi": PI, "codex": CODEX, "gemini": GEMINI, "opencode": OPENCODE}
