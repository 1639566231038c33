"""The first run. A wizard in the browser or a command claims an unconfigured install."""
