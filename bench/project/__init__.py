"""A small Django project for the benchmarks, with config_app, with other libraries, or with neither."""
