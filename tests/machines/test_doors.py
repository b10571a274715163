"""That the machines' processes may die at every change of the disk, those of tomorrow included."""

from looop.store import files
from support.dying import CHANGES

NO_CHANGES = (
    *("Held", "Lock", "NotRegular", "TooLarge", "aside", "fingerprint", "free_bytes", "lock", "present"),
    *("previous", "read_head", "read_regular", "sync_folder", "tail", "tail_lines"),
)
"""What `store.files` offers besides. A sync changes nothing where a process dies, and the machine lives."""


def test_whatever_changes_the_disk_is_a_door_to_die_at() -> None:
    assert sorted(files.__all__) == sorted([*CHANGES, "durable_set", *NO_CHANGES])
