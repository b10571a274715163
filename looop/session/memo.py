"""What sessions have asked and been told, remembered for as long as a folder stays as it was.

In: a folder. Out: an `Asked`. Folders of ended sessions may be many, and each beat and each look wants all.
"""

import time
from pathlib import Path

from looop.store import sessions
from looop.store.sessions import Asked

_SETTLED = 1_000_000_000  # ns: a folder that changed later than this may change again within its clock's tick

_MOST = 4096


class Memo:
    """Answers of `store.sessions.asked`, by folder."""

    def __init__(self) -> None:
        self._kept: dict[Path, tuple[int, Asked]] = {}

    def asked(self, folder: Path) -> Asked:
        """Give what the generation has asked and been told now. Unreadable as `store.questions` says."""
        try:
            changed = folder.lstat().st_mtime_ns
        except FileNotFoundError:
            self._kept.pop(folder, None)
            return Asked()
        kept = self._kept.get(folder)
        if kept and kept[0] == changed:
            return kept[1]
        found = sessions.asked(folder)
        if time.time_ns() - changed > _SETTLED:
            if len(self._kept) >= _MOST:
                self._kept.clear()  # mostly folders that are gone
            self._kept[folder] = (changed, found)
        else:
            self._kept.pop(folder, None)
        return found
