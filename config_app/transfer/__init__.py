"""Exports the settings as a document, and imports this document into another install."""
