"""The configuration as the admin, the command line and the doctor show it to people."""
