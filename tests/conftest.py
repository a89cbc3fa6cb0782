"""Nothing in the tests reaches beyond this machine, and CI skips no foreign client."""

import os

import pytest

os.environ.update(HF_HUB_OFFLINE="1", LANGSMITH_TRACING="false", RAY_USAGE_STATS_ENABLED="0")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.skipped and "foreign" in item.path.name and "PASSLINE_REQUIRE_FOREIGN" in os.environ:
        report.outcome = "failed"
        report.longrepr = f"{item.name} was skipped where it must run: {report.longrepr[2]}"
    return report
