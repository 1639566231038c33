"""The steps of a first or later start; ``hub.bootstrap`` runs them in order."""
