"""A command line as a document writes it, held against the program's own."""

from collections.abc import Sequence

import typer
from typer.core import TyperGroup

from hub.cli.main import app


def unknown_options(words: Sequence[str]) -> set[str]:
    """The options in ``words`` (what stands after ``hub``) that the command does not have.

    Raises:
        click.UsageError: there is no such command.
    """
    rest = list(words)
    command = typer.main.get_command(app)
    context = typer.Context(command)
    while rest and isinstance(command, TyperGroup) and not rest[0].startswith("-"):
        _, command, rest = command.resolve_command(context, rest)
        context = typer.Context(command, parent=context)
    known = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    return {word.split("=")[0] for word in rest if word.startswith("--")} - known - {"--help"}
