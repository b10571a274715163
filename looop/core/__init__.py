"""VALUES IN, VALUES OUT: decisions without files, processes, sockets or clocks."""
