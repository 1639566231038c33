"""A small project that uses the engine and the wizard without the hub."""
