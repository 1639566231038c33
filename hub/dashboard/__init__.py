"""The first page of a configured hub: its state, its processes and what needs attention."""
