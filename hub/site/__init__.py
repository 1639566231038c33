"""The parts that all pages of the hub share: the admin site, the navigation, sign-in and sign-out."""
