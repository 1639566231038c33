"""The verbs of ``manage.py config``: one small module for each group of them."""
