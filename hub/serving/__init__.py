"""How the hub serves HTTP: gunicorn, its workers, and the address it listens on."""
