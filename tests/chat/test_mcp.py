"""The protocol server, spoken to by the official client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp_types import TextContent

from agent.chat.tools import READING
from agent.chat.view import View
from agent.mcp.server import server
from tests.chat.questions import Facts
from tests.cli.kit import Json


async def _text(client: Client, name: str, given: dict[str, Any]) -> Any:
    found = await client.call_tool(name, given)
    assert not found.is_error, found.content
    block = found.content[0]
    assert isinstance(block, TextContent)
    return json.loads(block.text)


def test_client_finds_every_reading_tool_and_none_that_acts(shared_view: View) -> None:
    async def talk() -> None:
        async with Client(server(shared_view)) as client:
            tools = (await client.list_tools()).tools
            assert {tool.name for tool in tools} == {tool.name for tool in READING} | {"ask"}
            assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)

    anyio.run(talk)


def test_client_gets_the_same_words_and_ids_as_a_person(shared_view: View, finished: tuple[Path, Json]) -> None:
    facts = Facts(finished[1])
    bought = facts.decided("NASDAQ", "2014-01-13")

    async def talk() -> None:
        async with Client(server(shared_view)) as client:
            why = await _text(client, "why", {"symbol": "NASDAQ", "at": "2014-01-13"})
            assert bought["id"] in why["ids"]
            assert f"{bought['confidence']:.2f}" in why["text"]
            situations = await _text(client, "situations", {"tests": [{"feature": "rsi_14", "op": "<", "value": 30}]})
            assert "rsi_14 < 30" in situations["text"]
            asked = await _text(client, "ask", {"question": "what is the win rate?"})
            assert facts.rate() in asked["text"]

    anyio.run(talk)


def test_wrong_input_is_an_error_of_the_tool_in_one_line(shared_view: View) -> None:
    async def talk() -> None:
        async with Client(server(shared_view)) as client:
            found = await client.call_tool("why", {"at": "not a day"})
            assert found.is_error

    anyio.run(talk)


def test_records_skills_and_prompts_are_offered(shared_view: View, finished: tuple[Path, Json]) -> None:
    ident = Facts(finished[1]).decided("NASDAQ", "2014-01-13")["id"]

    async def talk() -> None:
        async with Client(server(shared_view)) as client:
            record = (await client.read_resource(f"record://{ident[:8]}")).contents[0]
            assert json.loads(record.text)["id"] == ident  # type: ignore[union-attr]  # a text resource
            skill = (await client.read_resource("skill://trend-pullback")).contents[0]
            assert "Applies when" in skill.text  # type: ignore[union-attr]  # a text resource
            assert {p.name for p in (await client.list_prompts()).prompts} == {"why", "review"}

    anyio.run(talk)


@pytest.mark.slow
def test_command_serves_on_stdio(finished: tuple[Path, Json]) -> None:
    import sys

    root = str(Path(__file__).parents[2])
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "agent", "--home", str(finished[0]), "mcp"], env={"PYTHONPATH": root}, cwd=root
    )

    async def talk() -> None:
        from mcp.client.stdio import stdio_client

        async with Client(stdio_client(command)) as client:
            assert (await client.list_tools()).tools

    anyio.run(talk)
