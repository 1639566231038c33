"""The verbs of ``manage.py config``, one module each."""
