"""The form fields, rules and summaries with which ``hub.runtime_config`` declares the settings."""
