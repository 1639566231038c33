"""Exports the settings of an install as a document, and imports such a document into another install."""
