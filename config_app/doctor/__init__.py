"""The checks of ``config doctor``. Each check is a function. No check changes the install."""
