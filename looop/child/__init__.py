"""OTHER PROGRAMS: started with a deadline, ended with their whole tree, and files watched."""
