"""How a project declares its settings, and what the engine derives from each declaration."""
