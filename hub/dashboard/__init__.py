"""The first page of a configured hub: what is in force, where, and what needs attention."""
