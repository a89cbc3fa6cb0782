"""Nothing in the tests reaches beyond this machine."""

import os

os.environ.update(HF_HUB_OFFLINE="1", LANGSMITH_TRACING="false", RAY_USAGE_STATS_ENABLED="0")
