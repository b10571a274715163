"""WHAT A PERSON TYPES: every verb, written once, run wherever it belongs."""
