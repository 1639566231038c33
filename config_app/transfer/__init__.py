"""Taking the configuration to another install: a document of settings, exported and imported."""
