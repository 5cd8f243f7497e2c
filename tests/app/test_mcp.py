"""The endpoints as tools, asked by a real MCP client."""

import json
import re

import own_loop
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from running_app import SMALL

pytestmark = pytest.mark.slow


def with_session(app, ask, **headers):
    """What a client finds out within one session."""

    async def run():
        url = f"{app.url}/gradio_api/mcp/"
        async with (
            streamablehttp_client(url, headers=headers) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await ask(session)

    return own_loop.run(run())


def call(app, tool, arguments, **headers):
    async def ask(session):
        answer = await session.call_tool(tool, arguments)
        return answer.isError, answer.content[0].text

    return with_session(app, ask, **headers)


def test_reads_and_trains_and_deletes_nothing(app):
    async def ask(session):
        return (await session.list_tools()).tools

    tools = {tool.name: tool for tool in with_session(app, ask)}
    assert {"list_methods", "list_runs", "submit_run", "get_run", "compare", "predict"} <= {*tools}
    assert {"inside", "map", "mix", "strength"} <= {*tools}
    assert not [name for name in tools if any(w in name for w in ("delete", "remove", "push"))]
    assert "one flat mapping" in json.dumps(tools["submit_run"].inputSchema)
    is_error, text = call(app, "submit_run", {"config": SMALL})
    assert not is_error, text
    run_id = re.search(r"run-\d{6}", text)[0]
    is_error, text = call(app, "get_run", {"run_id": run_id})
    assert not is_error
    assert f'"max_length": {SMALL["max_length"]}' in text.replace("'", '"')
    is_error, text = call(app, "get_run", {"run_id": "run-000999"})
    assert is_error
    assert "run-000999" in text


@pytest.mark.parametrize("tool", ["delete_run", "push_run", "restore_run"])
def test_a_tool_that_is_not_offered_cannot_be_called(app, tool):
    is_error, text = call(app, tool, {"run_id": "run-000001"})
    assert is_error
    assert "Unknown tool" in text


def test_who_calls_from_elsewhere_is_not_the_machines_owner(app):
    """By a proxy's header; Gradio's own request for the tool comes from this machine."""
    elsewhere = {"X-Forwarded-For": "203.0.113.5"}
    is_error, text = call(app, "submit_run", {"config": SMALL}, **elsewhere)
    assert is_error
    assert "does not know who asks" in text or "token" in text
    is_error, _ = call(app, "list_methods", {}, **elsewhere)
    assert not is_error
