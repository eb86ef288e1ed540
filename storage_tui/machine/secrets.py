"""Secrets in memory: a value that logs, tracebacks and debuggers show as `***`."""

import hmac
from typing import AnyStr, Generic, NoReturn


class Secret(Generic[AnyStr]):
    """A text or bytes that is printed as `***`; only `reveal` returns the value."""

    __slots__ = ("_value",)

    def __init__(self, value: AnyStr) -> None:
        self._value: AnyStr = value

    def reveal(self) -> AnyStr:
        """Return the value, for the one place that sends it or signs with it."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __rich_repr__(self) -> tuple[str, ...]:
        return ("***",)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """Compare in a time that does not depend on the values."""
        return isinstance(other, Secret) and hmac.compare_digest(_raw(self._value), _raw(other._value))

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


def _raw(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
