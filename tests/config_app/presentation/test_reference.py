"""The reference is complete and generated from the declarations; the committed files are current."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from config_app.api import plan
from config_app.presentation import reference
from config_app.project import get_project, get_schema
from hub.environment.env_file import read_env_file
from hub.environment.env_import import read_import
from tests.support.config_command import CANARY, config
from tests.support.processes.hub_process import ROOT

VARIABLES = [name for s in get_schema().settings.values() if not s.managed for name in s.imported_from]


def test_the_committed_reference_is_current() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == reference.markdown(), "run make docs"


def test_the_committed_example_is_current() -> None:
    assert (ROOT / ".env.example").read_text() == reference.env_example(), "run make docs"


def test_every_setting_has_a_row_with_its_help() -> None:
    rows = {line.split("`")[1]: line for line in reference.markdown().splitlines() if line.startswith("| `")}
    for key, setting in get_schema().settings.items():
        assert setting.help in rows[key]
        assert setting.expected.replace("|", r"\|") in rows[key]


def test_every_row_has_as_many_cells_as_its_heading() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", reference.markdown(), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


def test_secrets_are_marked_and_have_no_default() -> None:
    for setting in get_schema().settings.values():
        row = next(
            line for line in reference.markdown().splitlines() if line.startswith(f"| `{setting.key}`")
        )
        assert ("**Secret**" in row) == setting.is_secret
        assert not setting.is_secret or row.split("|")[2].strip() == "none"


@pytest.mark.parametrize("variable", [v.name for v in get_project().process_variables()])
def test_the_process_environment_is_in_both_files(variable: str) -> None:
    assert f"| `{variable}` |" in reference.markdown()
    assert f"\n#{variable}=" in reference.env_example()


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_variable_that_is_imported_is_in_the_example(variable: str) -> None:
    found = rf"^#{variable}=|^# Also imported from: .*\b{variable}\b"
    assert re.search(found, reference.env_example(), re.MULTILINE)


def test_the_example_as_it_is_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(reference.env_example())
    file = read_env_file(tmp_path / ".env")
    assert (file.values, file.problems) == ({}, ())


def test_the_example_uncommented_imports_the_defaults_and_no_secret(tmp_path: Path) -> None:
    uncommented = re.sub(r"^#(?=[A-Z])", "", reference.env_example(), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(uncommented)
    found = read_import({}, read_env_file(tmp_path / ".env"))
    schema = get_schema()
    assert found.refusals == {}
    assert set(found.values) == {s.key for s in schema.settings.values() if s.imported_from} - {
        s.key for s in schema.settings.values() if s.is_secret or s.managed
    }
    assert schema.build(found.values) == schema.defaults


def test_the_example_is_narrow_enough_to_read() -> None:
    assert max(len(line) for line in reference.env_example().splitlines()) <= 100


def test_the_json_schema_describes_every_setting() -> None:
    found = json.loads(json.dumps(reference.json_schema()))
    assert list(found["properties"]) == list(get_schema().settings)
    port, hosts = found["properties"]["port"], found["properties"]["allowed_hosts"]
    assert (port["type"], port["minimum"], port["maximum"], port["default"]) == ("integer", 1, 65535, 8884)
    assert hosts["type"] == "array"
    assert found["properties"]["log_level"]["enum"] == ["debug", "info", "warning", "error", "critical"]
    assert found["properties"]["workos_api_key"]["writeOnly"]
    assert found["properties"]["database_path"]["readOnly"]


def test_what_show_prints_fits_the_json_schema(install: None) -> None:
    plan({"allowed_hosts": "a.example", "workos_api_key": CANARY, "public_url": "https://a.example"}).apply()
    kinds = {"integer": int, "boolean": bool, "array": list, "string": str, "null": type(None)}
    properties = reference.json_schema()["properties"]
    for key, entry in config("show", "--json").json["settings"].items():
        wanted = properties[key]["type"]
        names = [wanted] if isinstance(wanted, str) else wanted
        assert type(entry["value"]) in {kinds[name] for name in names}, key
