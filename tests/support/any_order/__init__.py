"""Drive two processes of one project in any order, and compare them with a model of what is committed."""
