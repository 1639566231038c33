"""The parts that all pages of the hub share: the admin site, the navigation, signing in and out."""
