#!/bin/sh
# The local date. A new day wakes the loop once; the weekday is context and wakes nobody.
# looop: timeout=5s
LC_ALL=C exec date '+{"signal": "%Y-%m-%d", "detail": {"weekday": "%A"}}'
