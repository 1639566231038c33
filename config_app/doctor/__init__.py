"""Every check of a running install, one function per fact; none of them changes anything."""
