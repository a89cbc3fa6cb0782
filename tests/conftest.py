"""Nothing in the tests reaches beyond this machine, and CI skips no foreign client."""

import os

import pytest

os.environ.update(HF_HUB_OFFLINE="1", LANGSMITH_TRACING="false", RAY_USAGE_STATS_ENABLED="0")


def pytest_collection_finish(session):
    """Compile the plant before any test's clock runs: half a minute after a change, else a second.

    A single file goes without; its first test then waits for the compiler.
    """
    if not session.config.option.collectonly and len({item.path for item in session.items}) > 3:
        from passline.plant_sim import make_line
        from passline.plant_sim.lines.hot_strip.furnaces import Furnaces

        make_line("hot-strip").advance(1.0)
        Furnaces([0]).advance(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.skipped and "foreign" in item.path.name and "PASSLINE_REQUIRE_FOREIGN" in os.environ:
        report.outcome = "failed"
        report.longrepr = f"{item.name} was skipped where it must run: {report.longrepr[2]}"
    return report
