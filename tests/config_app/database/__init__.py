"""Tests of ``config_app.database``."""
