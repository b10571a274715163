"""What is forbidden, and what holds it: the guard on commands, and what a person approved of them."""
