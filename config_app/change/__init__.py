"""All ways to change the configuration: plans, rollback, reset, confirmation and direct SQL writes."""
