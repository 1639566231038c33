"""The steps of a start, the first one and later ones; ``hub.bootstrap`` runs them in order."""
