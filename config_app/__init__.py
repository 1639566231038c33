"""Typed, validated, encrypted and versioned configuration in the database, for any Django project."""
