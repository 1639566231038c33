"""A small Django project of the benchmarks' own: config_app without the hub, beside its peers or alone."""
