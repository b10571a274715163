"""The verbs' functions, by name. As text: a verb's module is imported only when that verb is called."""

from importlib import import_module
from typing import Any

WAITING = "waiting"
"""The parser's word for a bare `looop`; nobody can type it, since `places.VERBS` lacks it."""

COMMANDS = {
    WAITING: "looop.cli.waiting:bare",
    "up": "looop.cli.loop:up",
    "down": "looop.cli.loop:down",
    "tick": "looop.cli.loop:tick",
    "pause": "looop.cli.loop:pause",
    "unpause": "looop.cli.loop:unpause",
    "status": "looop.cli.status:status",
    "watch": "looop.cli.follow:watch",
    "log": "looop.cli.follow:log",
    "journal": "looop.cli.records:journal",
    "cost": "looop.cli.cost:cost",
    "events": "looop.cli.records:events",
    "runs": "looop.cli.story:runs",
    "why": "looop.cli.story:why",
    "goals": "looop.cli.goals:goals",
    "goal new": "looop.cli.goals:new",
    "goal show": "looop.cli.goals:show",
    "goal edit": "looop.cli.goals:edit",
    "goal archive": "looop.cli.goals:archive",
    "sensors": "looop.cli.sensors:sensors",
    "sensor run": "looop.cli.trial:run",
    "sensor show": "looop.cli.sensors:show",
    "sensor off": "looop.cli.sensors:off",
    "sensor on": "looop.cli.sensors:on",
    "reports": "looop.cli.people:reports",
    "claims": "looop.cli.people:claims",
    "unflag": "looop.cli.people:unflag",
    "init": "looop.cli.setup:init",
    "doctor": "looop.cli.doctor:doctor",
    "config": "looop.cli.setup:config",
    "version": "looop.cli.setup:version",
    "help": "looop.cli.manual:help_",
}

VIEWS = {
    "": "looop.cli.waiting:WaitingView",
    "up": "looop.cli.loop:UpView",
    "down": "looop.cli.loop:DownView",
    "pause": "looop.cli.show:DoneView",
    "unpause": "looop.cli.show:DoneView",
    "goal new": "looop.cli.show:DoneView",
    "goal archive": "looop.cli.show:DoneView",
    "sensor off": "looop.cli.show:DoneView",
    "sensor on": "looop.cli.show:DoneView",
    "unflag": "looop.cli.show:DoneView",
    "init": "looop.cli.show:DoneView",
    "status": "looop.cli.status:StatusView",
    "log": "looop.cli.follow:LogView",
    "journal": "looop.cli.records:JournalView",
    "cost": "looop.cli.cost:CostView",
    "events": "looop.cli.records:EventsView",
    "runs": "looop.cli.story:RunsView",
    "why": "looop.cli.story:WhyView",
    "goals": "looop.cli.goals:GoalsView",
    "goal show": "looop.cli.goals:GoalView",
    "sensors": "looop.cli.sensors:SensorsView",
    "sensor run": "looop.cli.trial:TrialView",
    "sensor show": "looop.cli.sensors:SensorView",
    "reports": "looop.cli.people:ReportsView",
    "claims": "looop.cli.people:ClaimsView",
    "doctor": "looop.cli.doctor:DoctorView",
    "version": "looop.cli.setup:VersionView",
    "help": "looop.cli.manual:HelpView",
}
"""What each verb prints with `--json`; the first of several, where its arguments decide."""


def load(where: str) -> Any:
    """Import what a line of these tables names."""
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)
