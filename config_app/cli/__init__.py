"""The code behind ``manage.py config``; each verb is a module in ``verbs``."""
