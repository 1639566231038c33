"""The checks of ``config doctor``, one function for each fact. No check changes the install."""
