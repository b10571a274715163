"""FILES: everything that is remembered, and the one module that writes it."""
