"""The wizard in the browser: its views, and the checks while a person types."""
