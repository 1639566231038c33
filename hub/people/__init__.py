"""The accounts of the people who sign in, and their administration."""
