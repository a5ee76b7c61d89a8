"""A command line as a document writes it, held against the program's own."""

from collections.abc import Iterator, Sequence
from typing import Any

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


def commands(command: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the program, with the words that call it."""
    command = command or typer.main.get_command(app)
    if not isinstance(command, TyperGroup):
        yield words, command
        return
    context = typer.Context(command)
    for name in command.list_commands(context):
        yield from commands(command.resolve_command(context, [name])[1], (*words, name))
