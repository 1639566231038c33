"""Export and import of the settings in the browser."""
