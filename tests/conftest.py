"""Nothing in the tests reaches beyond this machine, and CI skips no foreign client."""

import os

import pytest

os.environ.update(HF_HUB_OFFLINE="1", LANGSMITH_TRACING="false", RAY_USAGE_STATS_ENABLED="0")


def pytest_collection_finish(session):
    """Compile the plant before any test's clock runs: a minute after a change, else a second."""
    if session.config.option.collectonly or not session.items:
        return
    from passline.plant_sim import make_line
    from passline.plant_sim.lines.hot_strip.furnaces import Furnaces

    make_line("hot-strip").advance(1.0)
    Furnaces([0]).advance(1)
    if any("fine" in item.nodeid for item in session.items):
        make_line("hot-strip", resolution="fine").advance(1.0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.skipped and "foreign" in item.path.name and "PASSLINE_REQUIRE_FOREIGN" in os.environ:
        report.outcome = "failed"
        report.longrepr = f"{item.name} was skipped where it must run: {report.longrepr[2]}"
    return report
