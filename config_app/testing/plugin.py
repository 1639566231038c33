"""The pytest plugin: each test starts as if the process were new, and a marker overrides values.

To use it, add ``config_app.testing.plugin`` to ``pytest_plugins`` in your ``conftest.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from config_app.testing import override_config, reset_process

MARKER = "override_config(**values): use other values of these settings in this test"
PLUGIN_OF_CONSTANCE = "pytest-django-constance"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(autouse=True)
def _clean_configuration(request: pytest.FixtureRequest) -> Iterator[None]:
    """Start each test as if the process were new, with the values of its ``override_config`` markers."""
    reset_process()
    marks = [mark.kwargs for mark in request.node.iter_markers("override_config")]
    if marks and request.config.pluginmanager.has_plugin(PLUGIN_OF_CONSTANCE):
        pytest.fail(
            "django-constance has a pytest plugin that reads the marker override_config, too: "
            f"add -p no:{PLUGIN_OF_CONSTANCE} to addopts",
            pytrace=False,
        )
    values = {name: value for kwargs in reversed(marks) for name, value in kwargs.items()}
    if values:
        with override_config(**values):
            yield
    else:
        yield
    reset_process()
