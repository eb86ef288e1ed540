"""Calls of all shapes that the description allows, and of those it does not: none is answered by a failure."""

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error

from storage_tui.server.access.control import open_access
from storage_tui.server.app import StorageApi
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.local.store import LocalStore
from tests.effort import count
from tests.promises.openapi import CALLS, document
from tests.server.running import RunningServer

SCHEMA = schemathesis.openapi.from_dict(document())


def test_the_description_and_the_route_table_name_the_same_calls(tmp_path: Path) -> None:
    routes = StorageApi(LocalStore(tmp_path / "store"), open_access(LocalRecords(tmp_path))).routes
    assert {(method, base + path) for method, base, path, *_ in CALLS} == {
        (route.method, route.base + route.path) for route in routes if route.base + route.path != "/metrics"
    }


@pytest.mark.slow
@SCHEMA.parametrize()
@settings(
    max_examples=count(3, 8, 60),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_no_call_makes_the_server_fail(case: schemathesis.Case, server: RunningServer) -> None:
    headers = {"Authorization": f"Bearer {server.token('openapi')}"}
    case.call_and_validate(base_url=server.url.partition("/storage")[0], headers=headers, checks=(not_a_server_error,))
