"""A byte that was altered in an export is noticed, and nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config_app.errors import ConfigError
from config_app.transfer.document import UnreadableExport
from tests.support.config_command import config, database_content

pytestmark = pytest.mark.hypothesis
WITH_FIXTURES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def expect_refusal(path: Path, *options: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config("import", str(path), "--yes", *options)
    assert isinstance(refused.value, UnreadableExport), refused.value
    assert "\n" not in str(refused.value)


@WITH_FIXTURES
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_of_an_export_without_secrets(exported: Path, place: int, bit: int) -> None:
    content = bytearray(exported.read_bytes())
    content[place % len(content)] ^= 1 << bit
    before = database_content()
    altered = exported.with_name("altered.json")
    altered.write_bytes(content)
    expect_refusal(altered)
    assert database_content() == before


@WITH_FIXTURES
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_of_an_export_with_secrets(
    sealed: Path, passphrase_file: Path, place: int, bit: int
) -> None:
    content = bytearray(sealed.read_bytes())
    content[place % len(content)] ^= 1 << bit
    before = database_content()
    altered = sealed.with_name("altered.json")
    altered.write_bytes(content)
    expect_refusal(altered, "--passphrase-file", str(passphrase_file))
    assert database_content() == before


@WITH_FIXTURES
@given(length=st.integers(0))
def test_a_file_that_is_cut_off(sealed: Path, exported: Path, passphrase_file: Path, length: int) -> None:
    before = database_content()
    for path in (sealed, exported):
        whole = path.read_bytes().rstrip()
        altered = path.with_name("altered.json")
        altered.write_bytes(whole[: length % len(whole)])
        expect_refusal(altered, "--passphrase-file", str(passphrase_file))
    assert database_content() == before
