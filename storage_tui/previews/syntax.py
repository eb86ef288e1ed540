"""Roles of the words of a visible line: JSON, Python, SQL, YAML, logs, Markdown, XML.

Each line is read alone, without the lines before it. This is cheap at any place of a blob of any size, and wrong only
inside texts of several lines.
"""

import re
from collections.abc import Callable, Iterator

COLOURED_CHARS = 2000  # of a line; no screen is wider
Span = tuple[int, int, str]
"""Start, stop, and a role, one of ROLES."""
ROLES = ("key", "string", "number", "word", "comment", "good", "warn", "bad", "head")
PRINTED_JSON = ("JSON", "JSON Lines")  # kinds of previews
Colours = Callable[[str], Iterator[Span]]
"""Finds the roles in a line."""

_STRING = r'"(?:[^"\\]|\\.)*"?|\'(?:[^\'\\]|\\.)*\'?'
_NUMBER = r"(?<![\w.])-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\b"
_PYTHON_WORDS = (
    "False|None|True|and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|"
    "if|import|in|is|lambda|match|nonlocal|not|or|pass|raise|return|try|while|with|yield"
)
_SQL_WORDS = (
    "add|all|alter|and|as|asc|attach|begin|between|by|case|cast|check|column|commit|constraint|create|cross|database|"
    "default|delete|desc|distinct|drop|else|end|except|exists|explain|false|foreign|from|full|grant|group|having|if|in|"
    "index|inner|insert|intersect|into|is|join|key|lateral|left|like|limit|natural|not|null|offset|on|or|order|outer|"
    "over|partition|pragma|primary|references|replace|returning|right|rollback|schema|select|set|table|then|to|"
    "transaction|trigger|true|union|unique|update|using|values|view|when|where|window|with"
)

_JSON = re.compile(rf'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<string>"(?:[^"\\]|\\.)*"?)|(?P<number>{_NUMBER})'
                   r"|(?P<word>\b(?:true|false|null)\b)")  # fmt: skip
_PYTHON = re.compile(rf"(?P<comment>#.*)|(?P<string>{_STRING})|(?P<head>^\s*@[\w.]+|(?<=\bdef )\w+|(?<=\bclass )\w+)"
                     rf"|(?P<word>\b(?:{_PYTHON_WORDS})\b)|(?P<number>{_NUMBER})")  # fmt: skip
_SQL = re.compile(rf"(?i)(?P<comment>--.*|/\*.*?(?:\*/|$))|(?P<string>'(?:[^']|'')*'?)|(?P<key>\"[^\"]*\"?)"
                  rf"|(?P<word>\b(?:{_SQL_WORDS})\b)|(?P<head>\b\w+(?=\())|(?P<number>{_NUMBER})")  # fmt: skip
_YAML = re.compile(rf"(?P<comment>(?:^|\s)#.*)|(?P<key>^[\w./ -]+(?=:(?:\s|$)))|(?P<string>{_STRING})"
                   rf"|(?P<word>\b(?:true|false|null|yes|no)\b)|(?P<number>{_NUMBER})")  # fmt: skip
_INI = re.compile(rf"(?P<comment>^\s*[#;].*)|(?P<head>^\s*\[.*\])|(?P<key>^\s*[\w.\"-]+(?=\s*=))|(?P<string>{_STRING})"
                  rf"|(?P<word>\b(?:true|false)\b)|(?P<number>{_NUMBER})")  # fmt: skip
_LOG = re.compile(
    r"(?P<comment>^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\dZ+:-]*\]?)"
    r"|(?P<bad>\b(?:ERROR|FATAL|CRITICAL|PANIC|Traceback|[A-Z]\w*(?:Error|Exception)\b))|(?P<warn>\bWARN(?:ING)?\b)"
    rf"|(?P<good>\b(?:INFO|NOTICE|OK)\b)|(?P<word>\b(?:DEBUG|TRACE)\b)|(?P<string>{_STRING})"
)
_MARKDOWN = re.compile(r"(?P<head>^#{1,6} .*)|(?P<string>`[^`]+`)|(?P<key>\*\*[^*]+\*\*)"
                       r"|(?P<comment>^\s*(?:```.*|> .*))|(?P<word>^\s*(?:[-*+]|\d+\.) )")  # fmt: skip
_XML = re.compile(rf"(?P<comment><!--.*?(?:-->|$))|(?P<word></?[\w:.-]+|/?>)|(?P<key>\b[\w:.-]{{1,40}}(?==))"
                  rf"|(?P<string>{_STRING})")  # fmt: skip

LANGUAGES: dict[str, re.Pattern[str]] = {
    ".json": _JSON, ".geojson": _JSON, ".jsonl": _JSON, ".ndjson": _JSON, ".ipynb": _JSON,
    ".py": _PYTHON, ".yaml": _YAML, ".yml": _YAML, ".toml": _INI, ".ini": _INI, ".cfg": _INI,
    ".sql": _SQL, ".log": _LOG, ".md": _MARKDOWN, ".xml": _XML, ".html": _XML, ".htm": _XML, ".svg": _XML,
}  # fmt: skip


def find_colours(name: str, storage_type: str = "") -> Colours | None:
    """Return a function that finds the roles in a line of a blob with this name; None for an unknown kind of text."""
    lower = name.rsplit("/", 1)[-1].lower()
    lower = lower.removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz")
    ending = lower[lower.rfind(".") :] if "." in lower else ""
    expression = LANGUAGES.get(ending, _LOG if storage_type == "logs" else None)
    return None if expression is None else lambda line: _spans(expression, line)


def colours_of(kind: str, name: str, storage_type: str, *, is_text: bool) -> Colours | None:
    """Return what finds the roles in the lines of a preview of this kind; None for lines that are no text.

    JSON that was printed here is known whatever its name.
    """
    if kind in PRINTED_JSON:
        return lambda line: _spans(_JSON, line)
    return find_colours(name, storage_type) if is_text else None


def _spans(expression: re.Pattern[str], line: str) -> Iterator[Span]:
    for match in expression.finditer(line, 0, COLOURED_CHARS):
        if match.lastgroup is not None:
            yield match.start(), match.end(), match.lastgroup
