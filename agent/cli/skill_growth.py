"""Commands by which skills come to be."""

import typer


def add(skills: typer.Typer) -> None: ...
