"""Settings: every path follows from DX_HOME unless it is given, and a wrong value is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from dxpipeline.settings import PROJECT_ROOT, ConfigurationError, get_settings


def test_without_variables_everything_lies_below_the_project() -> None:
    settings = get_settings({})
    home = PROJECT_ROOT / ".dxpipeline"
    assert (settings.home, settings.exchange, settings.archive) == (home, home / "exchange", home / "archive")
    assert settings.import_folder == home / "exchange" / "import"
    assert settings.work_folder == home / "exchange" / "work"
    assert settings.outbox == home / "exchange" / "outbox"
    assert settings.secrets == home / "secrets"
    assert settings.warehouse_url is None
    assert settings.settle_seconds == 2


def test_the_exchange_and_the_archive_may_lie_elsewhere() -> None:
    settings = get_settings({"DX_HOME": "/a", "DX_EXCHANGE": "/b", "DX_ARCHIVE": "/c"})
    assert (settings.import_folder, settings.archive) == (Path("/b/import"), Path("/c"))
    assert get_settings({"DX_HOME": "/a"}).exchange == Path("/a/exchange")


def test_relative_folders_and_the_home_sign_become_absolute() -> None:
    assert get_settings({"DX_HOME": "state"}).home == Path.cwd() / "state"
    assert get_settings({"DX_HOME": "~/state"}).home == Path.home() / "state"


def test_an_empty_variable_counts_as_unset() -> None:
    settings = get_settings(
        {"DX_HOME": "", "DX_EXCHANGE": "", "DX_ARCHIVE": "", "WAREHOUSE_URL": "", "DX_SETTLE_SECONDS": ""}
    )
    assert settings == get_settings({})


@pytest.mark.parametrize("seconds", ["zwei", "nan", "inf", "-1", "2 s"])
def test_a_time_that_no_file_could_stand_still_is_refused(seconds: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        get_settings({"DX_SETTLE_SECONDS": seconds})
    assert str(refused.value) == f"DX_SETTLE_SECONDS is {seconds!r}: give a number of seconds, 0 or more."


@pytest.mark.parametrize(("given", "seconds"), [("0", 0), ("0.5", 0.5), ("30", 30)])
def test_the_settling_time_is_a_number_of_seconds(given: str, seconds: float) -> None:
    assert get_settings({"DX_SETTLE_SECONDS": given}).settle_seconds == seconds


@pytest.mark.parametrize("version", ["0", "-1", "1.5", "one", "32768", "²", " "])
def test_a_version_of_the_key_that_cannot_stand_beside_a_hash_is_refused(version: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        get_settings({"DX_PRIVACY_KEY_VERSION": version})
    assert str(refused.value) == (
        f"DX_PRIVACY_KEY_VERSION is {version!r}: give a whole number from 1 to 32767."
    )


def test_the_keys_of_personal_data_are_read_and_never_shown() -> None:
    given = {
        "DX_PRIVACY_KEY": "hash secret",
        "DX_PRIVACY_KEY_VERSION": "32767",
        "DX_ARCHIVE_KEY": "age secret",
    }
    settings = get_settings(given)
    assert (settings.privacy_key, settings.privacy_key_version, settings.archive_key) == (
        "hash secret",
        32767,
        "age secret",
    )
    assert "secret" not in repr(settings).replace("secrets", "")
    unset = get_settings({name: "" for name in given})
    assert (unset.privacy_key, unset.privacy_key_version, unset.archive_key) == (None, 1, None)
