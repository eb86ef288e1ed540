"""The options that limit a command to blobs of some age, size or time left: `--older-than 3d --larger 1G`."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import click

from storage_tui.client.patterns.conditions import Condition, length_of_time, size_of

Limits = tuple[Condition, ...]
"""Limits that must all hold; empty for no limit."""


def _condition(of: Callable[[str], Condition]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    def convert(ctx: click.Context, param: click.Parameter, text: str | None) -> Condition | None:
        try:
            return None if text is None else of(text)
        except ValueError as exc:
            raise click.BadParameter(str(exc)) from None

    return convert


def _time(subject: Any, *, is_less: bool) -> Callable[[str], Condition]:
    def of(text: str) -> Condition:
        time: timedelta = length_of_time(text)
        return Condition(subject, is_less, time=time)

    return of


def _size(*, is_less: bool) -> Callable[[str], Condition]:
    return lambda text: Condition("size", is_less, size_bytes=size_of(text))


_OPTIONS = {
    "older_than": ("TIME", _time("age", is_less=False), "Only blobs written longer ago, such as 3d or 12h."),
    "newer_than": ("TIME", _time("age", is_less=True), "Only blobs written since, such as 24h."),
    "expires_within": ("TIME", _time("left", is_less=True), "Only blobs that expire within this time, such as 1d."),
    "larger": ("SIZE", _size(is_less=False), "Only larger blobs, such as 10k, 1.5GB or 1GiB."),
    "smaller": ("SIZE", _size(is_less=True), "Only smaller blobs."),
}


def with_limits(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which gets them as a tuple of conditions in `limits`."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        found = [kwargs.pop(name) for name in _OPTIONS]
        return command(*args, limits=tuple(row for row in found if row is not None), **kwargs)

    for name, (metavar, of, words) in reversed(_OPTIONS.items()):
        flag = f"--{name.replace('_', '-')}"
        wrapped = click.option(flag, name, metavar=metavar, callback=_condition(of), help=words)(wrapped)
    return wrapped
