"""What the hub's pages share: the admin site, navigation, addresses, signing in and out."""
