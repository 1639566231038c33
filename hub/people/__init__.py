"""The accounts of the people who sign in, and how they are administered."""
