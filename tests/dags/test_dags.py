"""The DAG files: light to parse, one DAG per contract, and a trigger that waits for stillness."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from dxpipeline.contracts import contracts
from dxpipeline.local.session import LARGE_FILES_POOL, WAREHOUSE_POOL  # the pools that a local run makes
from dxpipeline.orchestration.triggers import ImportFolderTrigger
from dxpipeline.reference import departments
from dxpipeline.reporting.expected import today
from dxpipeline.settings import PROJECT_ROOT, Settings

DAG_FILES = sorted((PROJECT_ROOT / "dags").glob("*.py"))
HEAVY = ("pandas", "polars", "great_expectations", "sqlalchemy", "numpy", "pyarrow", "psycopg")
REPORT = """
import builtins, json, runpy, sys, time
import airflow.sdk, airflow.triggers.base
from airflow.sdk import (
    DAG, Asset, AssetAlias, AssetAny, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable, task
)
from airflow.sdk.definitions._internal.contextmanager import DagContext

HEAVY = tuple(sys.argv[1].split(","))
before = set(sys.modules)
importers = []
original = builtins.__import__

def watched(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and name.partition(".")[0] in HEAVY:
        importers.append(f"{(globals or {}).get('__name__')} imports {name}")
    return original(name, globals, locals, fromlist, level)

builtins.__import__ = watched
started = time.process_time()
DagContext.current_autoregister_module_name = "dag_file"
runpy.run_path(sys.argv[2], run_name="dag_file")
seconds = time.process_time() - started
builtins.__import__ = original

def described(dag):
    return {
        "dag_id": dag.dag_id,
        "name": dag.dag_display_name,
        "doc": dag.doc_md,
        "owner": dag.owner,
        "tags": sorted(dag.tags),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "tasks": [
            {"task_id": one.task_id, "retries": one.retries, "pool": one.pool, "doc": one.doc_md,
             "after": sorted(one.upstream_task_ids),
             "timeout": one.execution_timeout is not None, "retry_delay": one.retry_delay.total_seconds()}
            for one in dag.tasks
        ],
    }

print(json.dumps({
    "seconds": seconds,
    "importers": importers,
    "brought": sorted({name.partition(".")[0] for name in set(sys.modules) - before} & set(HEAVY)),
    "dags": [described(dag) for dag, _ in DagContext.autoregistered_dags],
}))
"""
SERIALISED = """
import json, runpy, sys
from airflow.sdk.definitions._internal.contextmanager import DagContext
from airflow.serialization.serialized_objects import DagSerialization

DagContext.current_autoregister_module_name = "dag_file"
for path in sys.argv[1:]:
    runpy.run_path(path, run_name="dag_file")
print(json.dumps({dag.dag_id: DagSerialization.to_dict(dag) for dag, _ in DagContext.autoregistered_dags}))
"""

SWEPT = """
import json, runpy, sys
from dxpipeline import pipeline
from dxpipeline.worklist import Work

class Woken:
    def __init__(self):
        self.names = []
    def __getitem__(self, alias):
        return self
    def add(self, asset):
        self.names.append(asset.name)

work = [Work(feed, "unit", large, 3, free) for feed, large, free in json.loads(sys.argv[2])]
pipeline.sweep = lambda settings: work
woken = Woken()
claim = runpy.run_path(sys.argv[1])["claim_ready_files"]
claim.function(outlet_events=woken)
print(json.dumps(woken.names))
"""


CALENDAR = """
import json, runpy, sys

tasks = runpy.run_path(sys.argv[1])
tasks["extend_calendar"].function()
print(json.dumps(tasks["write_reminders"].function()))
"""


def fresh(code: str, *arguments: str, home: Path, **variables: str) -> Any:
    """Run code in a fresh interpreter with an Airflow that knows nothing, and return what it prints."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(PROJECT_ROOT / "plugins"),
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment, capture_output=True, text=True, timeout=120, check=False, cwd=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a fresh interpreter tells of each DAG file."""
    home = tmp_path_factory.mktemp("home")
    return {path.stem: fresh(REPORT, ",".join(HEAVY), str(path), home=home) for path in DAG_FILES}


@pytest.fixture(scope="module")
def dags(reports: dict[str, Any]) -> dict[str, Any]:
    """Return the DAGs of all files by their id."""
    return {dag["dag_id"]: dag for report in reports.values() for dag in report["dags"]}


@pytest.mark.parametrize("name", [path.stem for path in DAG_FILES])
def test_a_dag_file_is_light(reports: dict[str, Any], name: str) -> None:
    assert reports[name]["importers"] == []
    assert reports[name]["brought"] == []
    assert reports[name]["seconds"] < 1, "beyond Airflow's own import"
    assert reports[name]["dags"]


def test_there_is_one_dag_per_contract_one_for_rosters_and_those_that_serve_all(
    dags: dict[str, Any],
) -> None:
    assert sorted(dags) == sorted(
        [
            *(f"import_{feed}" for feed in contracts()),
            "import_health_records_large",
            "indicators",
            "reporting_calendar",
            "sweep_import_folder",
        ]
    )


def test_every_dag_says_what_it_is_whose_it_is_and_runs_alone_unless_its_order_is_free(
    dags: dict[str, Any],
) -> None:
    of_large_files = sum(contract.load_mode == "upsert" for contract in contracts().values())
    others = ("sweep_import_folder", "indicators", "reporting_calendar")
    assert len(dags) == len(contracts()) + of_large_files + len(others)
    for dag in dags.values():
        assert dag["doc"], dag["dag_id"]
        assert dag["tags"], dag["dag_id"]
        assert not dag["catchup"], dag["dag_id"]
        of_versions = dag["dag_id"] in ("import_health_records", "import_health_records_large")
        assert dag["max_active_runs"] == (2 if of_versions else 1), dag["dag_id"]


def test_every_dag_has_a_vietnamese_name(dags: dict[str, Any]) -> None:
    assert {dag_id: dag["name"] for dag_id, dag in dags.items()} == {
        "import_broadband_coverage": "Hạ tầng Internet băng rộng theo xã",
        "import_digital_economy": "Kinh tế số",
        "import_digital_government": "Chính quyền số",
        "import_economic_accounts": "Tài khoản kinh tế",
        "import_health_records": "Hồ sơ sức khỏe điện tử cá nhân",
        "import_health_records_large": "Hồ sơ sức khỏe điện tử cá nhân: tệp lớn",
        "import_health_stations": "Hồ sơ sức khỏe điện tử tại trạm y tế",
        "import_rd_personnel": "Nhân lực nghiên cứu và phát triển",
        "import_research_transfer": "Nhiệm vụ khoa học và công nghệ, chuyển giao kết quả",
        "import_plan_budget": "Kinh phí thực hiện kế hoạch",
        "import_plan_comments": "Góp ý dự thảo kế hoạch",
        "import_smart_city": "Dịch vụ đô thị thông minh",
        "import_smart_hospitals": "Bệnh viện thông minh",
        "import_software_enterprises": "Doanh nghiệp phần mềm, nội dung số được ươm tạo",
        "import_st_enterprises": "Doanh nghiệp khoa học và công nghệ",
        "indicators": "Chỉ tiêu / Indicators",
        "reporting_calendar": "Lịch báo cáo / Reporting calendar",
        "sweep_import_folder": "Tiếp nhận tệp / Claim files",
    }


def test_a_feed_belongs_to_its_present_department_and_is_found_by_all_it_ever_had(
    dags: dict[str, Any],
) -> None:
    assert dags["import_broadband_coverage"]["owner"] == "so-kh-cn"
    assert set(dags["import_broadband_coverage"]["tags"]) == {"feed", "quarterly", "so-tt-tt", "so-kh-cn"}
    assert dags["import_smart_hospitals"]["owner"] == "so-y-te"
    known = {department.department_code for department in departments()}
    assert dags["import_plan_comments"]["owner"] == "every-department"
    assert {dag["owner"] for dag in dags.values()} <= {*known, "data-engineering", "every-department"}


def test_every_task_is_tried_again_and_bounded_and_the_writing_ones_share_the_pool(
    dags: dict[str, Any],
) -> None:
    tasks = {(dag_id, one["task_id"]): one for dag_id, dag in dags.items() for one in dag["tasks"]}
    for name, one in tasks.items():
        assert one["retries"] >= (0 if name[1] == "finish_leftovers" else 2), name
        assert one["retry_delay"] > 0, name
        assert one["timeout"], name
        assert one["doc"], name
    pools = {name: one["pool"] for name, one in tasks.items() if not one["task_id"].startswith("waiting_")}
    assert pools.pop(("import_health_records_large", "process")) == LARGE_FILES_POOL
    assert set(pools.values()) == {WAREHOUSE_POOL}
    assert len(pools) == len(contracts()) + len(("claim", "finish_leftovers", "refresh", "extend", "remind"))


def test_small_files_of_versions_and_rosters_share_no_run(dags: dict[str, Any]) -> None:
    after = {
        (dag_id, one["task_id"]): one["after"]
        for dag_id in ("import_health_records", "import_health_records_large")
        for one in dags[dag_id]["tasks"]
    }
    assert after == {
        ("import_health_records", "waiting_batches"): [],
        ("import_health_records", "process"): ["waiting_batches"],
        ("import_health_records_large", "process"): [],
    }


def test_reminders_wait_for_the_calendar(dags: dict[str, Any]) -> None:
    after = {one["task_id"]: one["after"] for one in dags["reporting_calendar"]["tasks"]}
    assert after == {"extend_calendar": [], "write_reminders": ["extend_calendar"]}


def test_the_tasks_of_the_calendar_do_their_work(pipeline: Any) -> None:
    pipeline.connection.execute("delete from mart.dim_report")
    done = fresh(CALENDAR, str(PROJECT_ROOT / "dags" / "reporting_calendar.py"),
                 home=pipeline.settings.exchange, **state_of(pipeline.settings))  # fmt: skip
    reminder = f"Nhắc nộp báo cáo {today()}.html"
    # Every department that answers today for a report that never came is reminded once.
    owing = pipeline.rows(
        "select distinct today_department_code as code from mart.report_calendar "
        "inner join mart.department_today using (department_code) order by 1"
    )
    assert done == [f"{row['code']}/{reminder}" for row in owing]
    assert sorted(path.name for path in pipeline.settings.outbox.rglob("*.html")) == [reminder] * len(done)
    assert fresh(CALENDAR, str(PROJECT_ROOT / "dags" / "reporting_calendar.py"),
                 home=pipeline.settings.exchange, **state_of(pipeline.settings)) == []  # fmt: skip


def state_of(settings: Settings) -> dict[str, str]:
    """Return the environment in which another process finds the warehouse of the tests."""
    return {"DX_HOME": str(settings.home), "DX_EXCHANGE": str(settings.exchange)}


@pytest.mark.parametrize(
    ("work", "woken"),
    [
        ([("health_records", False, 1)], ["waiting_health_records"]),
        ([("health_records", True, 1)], ["waiting_health_records_large"]),
        ([("health_records", False, 2), ("health_records", True, 0)], ["waiting_health_records"]),
        ([("health_records", True, 0), ("smart_hospitals", False, 1)], ["waiting_smart_hospitals"]),
        ([("health_stations", False, 1), ("health_stations", False, 3)], ["waiting_health_stations"]),
    ],
)
def test_the_sweep_wakes_a_dag_only_for_files_that_it_takes_and_nobody_holds(
    tmp_path: Path, work: list[tuple[str, bool, int]], woken: list[str]
) -> None:
    assert fresh(SWEPT, str(PROJECT_ROOT / "dags" / "sweep_import_folder.py"), json.dumps(work),
                 home=tmp_path) == woken  # fmt: skip


def test_the_dags_are_woken_by_the_right_assets(tmp_path: Path) -> None:
    serialised = fresh(SERIALISED, *map(str, DAG_FILES), home=tmp_path)
    timetables = {dag_id: json.dumps(document["dag"]["timetable"]) for dag_id, document in serialised.items()}
    for feed in contracts():
        assert f'"waiting_{feed}"' in timetables[f"import_{feed}"]
        assert "_large" not in timetables[f"import_{feed}"]
        assert f'"core_{feed}"' in timetables["indicators"]
    assert '"waiting_health_records_large"' in timetables["import_health_records_large"]
    assert '"import_folder"' in timetables["sweep_import_folder"]
    assert '"*/2 * * * *"' in timetables["sweep_import_folder"]
    assert '"*/5 * * * *"' in timetables["indicators"]
    assert '"0 7 * * *"' in timetables["reporting_calendar"]
    assert "Asia/Ho_Chi_Minh" in timetables["reporting_calendar"]
    watched = json.dumps(serialised["sweep_import_folder"])
    assert "dxpipeline.orchestration.triggers.ImportFolderTrigger" in watched


def test_the_trigger_is_made_again_from_what_airflow_stores() -> None:
    trigger = ImportFolderTrigger(poll_seconds=0.5, repeat_seconds=7)
    path, arguments = trigger.serialize()
    assert path == "dxpipeline.orchestration.triggers.ImportFolderTrigger"
    assert json.loads(json.dumps(arguments)) == {"poll_seconds": 0.5, "repeat_seconds": 7}
    again = ImportFolderTrigger(**arguments)
    assert again.serialize() == trigger.serialize()


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a feed's folder of an import folder, for a file that must stand still for 0.3 s."""
    monkeypatch.setenv("DX_HOME", str(tmp_path))
    monkeypatch.delenv("DX_EXCHANGE", raising=False)
    monkeypatch.setenv("DX_SETTLE_SECONDS", "0.3")
    folder = tmp_path / "exchange" / "import" / "so-y-te" / "health_stations"
    folder.mkdir(parents=True)
    return folder


def watch(
    scenario: Callable[[Callable[[float], Awaitable[Any]]], Awaitable[None]], repeat: float = 60
) -> None:
    """Run a scenario beside the trigger.

    The scenario gets a function that waits for the next event, and returns its payload, or None when none
    comes in time.
    """

    async def run() -> None:
        events: AsyncIterator[Any] = ImportFolderTrigger(poll_seconds=0.05, repeat_seconds=repeat).run()
        arrived: asyncio.Queue[Any] = asyncio.Queue()

        async def collect() -> None:
            async for event in events:
                arrived.put_nowait(event.payload)

        async def wait_for_event(seconds: float) -> Any:
            try:
                return await asyncio.wait_for(arrived.get(), seconds)
            except TimeoutError:
                return None

        collector = asyncio.create_task(collect())
        try:
            await scenario(wait_for_event)
        finally:
            collector.cancel()

    asyncio.run(run())


def test_the_trigger_fires_once_for_files_that_stand_still(inbox: Path) -> None:
    async def scenario(event: Callable[[float], Awaitable[Any]]) -> None:
        assert await event(0.2) is None
        for name in ("a.csv", "b.csv", "c.csv.part"):
            (inbox / name).write_bytes(b"x")
        # Two files that came together may be seen by one look at the folder or by two.
        seen = (await event(5))["files"]
        if seen < 2:
            seen += (await event(5))["files"]
        assert seen == 2
        assert await event(0.6) is None
        (inbox / "d.csv").write_bytes(b"x")
        assert await event(5) == {"files": 1}

    watch(scenario)
    assert sorted(path.name for path in inbox.iterdir()) == ["a.csv", "b.csv", "c.csv.part", "d.csv"]


def test_the_trigger_does_not_fire_while_a_file_grows(inbox: Path) -> None:
    async def scenario(event: Callable[[float], Awaitable[Any]]) -> None:
        for _ in range(10):
            # Opened and closed each time: no writer holds it, only its changes tell.
            with (inbox / "a.csv").open("ab") as file:
                file.write(b"x" * 100)
            assert await event(0.1) is None
        assert await event(5) == {"files": 1}
        with (inbox / "b.csv").open("wb"):
            assert await event(0.8) is None
        assert await event(5) == {"files": 1}

    watch(scenario)


def test_the_trigger_repeats_what_stays_only_after_a_while(inbox: Path) -> None:
    (inbox / "a.csv").write_bytes(b"x")

    async def scenario(event: Callable[[float], Awaitable[Any]]) -> None:
        assert await event(5) == {"files": 1}
        assert await event(0.7) is None
        assert await event(5) == {"files": 1}
        (inbox / "a.csv").unlink()
        assert await event(1.5) is None

    watch(scenario, repeat=1)


def test_the_trigger_waits_for_an_import_folder_that_is_not_there_yet(inbox: Path) -> None:
    folder = inbox.parents[1]
    hidden = folder.with_name("elsewhere")
    folder.rename(hidden)

    async def scenario(event: Callable[[float], Awaitable[Any]]) -> None:
        assert await event(0.2) is None
        hidden.rename(folder)
        (inbox / "a.csv").write_bytes(b"x")
        assert await event(5) == {"files": 1}

    watch(scenario)
