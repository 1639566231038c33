"""The checks of a running install, one function for each fact; none of them changes the install."""
