"""The steps of the first start and of later starts; ``hub.bootstrap`` runs them in order."""
