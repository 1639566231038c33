"""How the configuration changes: plan and apply, rollback, reset, confirmation, adoption of raw SQL."""
