"""The wizard in the browser: its views, forms and live checks."""
