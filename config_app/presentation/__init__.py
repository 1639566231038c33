"""The configuration as people see it, for the admin, the command line and the doctor."""
