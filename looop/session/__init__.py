"""The sessions: agents on terminals of their own, watched and driven from outside."""
