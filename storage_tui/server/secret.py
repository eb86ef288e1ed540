"""A value that must never be shown: its text, repr and format are all `***`."""

from typing import Self


class Secret:
    """Bytes of a key. Only `reveal` gives them; logs, tracebacks and debuggers see `***`."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = content

    def reveal(self) -> bytes:
        """The bytes themselves, for the one call that signs with them."""
        return self._content

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __rich_repr__(self) -> tuple[str, ...]:
        return ("***",)

    def __reduce__(self) -> str | tuple[Self, ...]:
        raise TypeError("a secret is not pickled")
