"""What the hub's pages share: the admin site, the navigation, signing in and out."""
