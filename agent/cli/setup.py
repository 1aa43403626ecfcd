"""Commands that prepare and describe: init, doctor, show-config, schema."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.globals import GLOBALS
from agent.cli.output import emit, table

if TYPE_CHECKING:
    from rich.console import Console

SECRETS = ("ANTHROPIC_API_KEY",)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(doctor)
    app.command("show-config")(show_config)
    app.command()(schema)


def init() -> None:
    """Prepare a home: its folder, the signing keys, an empty paper run. Nothing else needs it first.

    The operator's key is made with the passphrase of TRADECRAFT_OPERATOR_PASSPHRASE or typed at a terminal.
    """
    from agent.cli.persons import operator_key
    from agent.wiring.homes import open_catalogue, signer_for

    home = GLOBALS.home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    signer = signer_for(home)
    with open_catalogue(home, "paper", GLOBALS.settings()) as (_, catalogue):
        count = len(catalogue.rows())
    operator = operator_key(home)
    document = {"home": str(home), "agent_key": signer.key_id, "operator_key": operator, "paper": "ready", "skills": count}
    no_key = "no operator key (set TRADECRAFT_OPERATOR_PASSPHRASE and run init again to make one)"
    told = f"operator key {operator}" if operator else no_key
    emit(document, lambda out: out.print(f"{home} is ready: agent key {signer.key_id}, {told}, paper run with {count} skills"))


def doctor(
    probe: Annotated[
        bool, typer.Option("--probe", help="Ask the model what it can do (also `doctor --llm`); costs cents.")
    ] = False,
) -> int:
    """Check environment, model, stores and keys (presence only, never shown); exit 1 when something is wrong."""
    from agent.doctor import examine

    settings = GLOBALS.settings()
    checks = examine(GLOBALS.home, settings, SECRETS)
    if probe:
        from agent.minds import probed
        from agent.wiring.clock import wall_clock

        checks += probed(settings, wall_clock)
    ok = all(check["ok"] for check in checks)

    def words(out: Console) -> None:
        shown = table(None, "", "check", "detail")
        for check in checks:
            shown.add_row(
                "ok" if check["ok"] else "bad", check["name"], check["detail"], style=None if check["ok"] else "bold red"
            )
        out.print(shown)

    emit({"ok": ok, "checks": checks}, words)
    return 0 if ok else 1


def show_config() -> None:
    """The settings in force, each with where its value came from."""
    from agent.settings import leaves, load

    options: dict[str, Any] = {"seed": GLOBALS.seed} if GLOBALS.seed is not None else {}
    if GLOBALS.llm is not None:
        options["llm"] = GLOBALS.llm
    settings, origins = load(Path.cwd(), options)
    values = leaves(settings.model_dump(mode="json"))
    secrets = {name: "set" if os.environ.get(name) else "not set" for name in SECRETS}

    def words(out: Console) -> None:
        shown = table(None, "setting", "value", "from")
        for name, value in values.items():
            shown.add_row(name, str(value), origins[name])
        for name, value in secrets.items():
            shown.add_row(name, value, "environment")
        out.print(shown)

    document = {
        "home": str(GLOBALS.home),
        "settings": {name: {"value": value, "origin": origins[name]} for name, value in values.items()},
        "secrets": secrets,
    }
    emit(document, words)


def schema(what: Annotated[str, typer.Argument(help="record, skill or settings.")]) -> None:
    """The JSON Schema of the CycleRecord, a skill draft, or the settings."""
    from pydantic import BaseModel

    from agent.domain import CycleRecord
    from agent.errors import ConfigError
    from agent.settings import Settings
    from skills.schema import SkillDraft

    known: dict[str, type[BaseModel]] = {"record": CycleRecord, "skill": SkillDraft, "settings": Settings}
    if what not in known:
        raise ConfigError(f"schema {what!r} is unknown; choose record, skill or settings")
    import json

    mode = "validation" if what != "record" else "serialization"
    sys.stdout.write(json.dumps(known[what].model_json_schema(mode=mode), indent=None if GLOBALS.json else 2) + "\n")  # type: ignore[arg-type]
