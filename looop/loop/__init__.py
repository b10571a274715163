"""THE BEAT: sense, diff, decide, one move, one journal line, sleep."""
