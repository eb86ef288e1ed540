"""The table of all environment names that the program and the client read: for `config`, the man page and the README.

The names that begin with DESCARTESLABS_ are those of the published client and have the same meaning.
"""

from dataclasses import dataclass, fields

from storage_tui.cli.settings import ENV_PREFIX, Settings


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment name and its purpose. The value of a secret name is never shown."""

    name: str
    summary: str
    is_secret: bool = False


SETTINGS = tuple(Variable(f"{ENV_PREFIX}{row.name.upper()}", str(row.metadata["help"])) for row in fields(Settings))

VARIABLES = (
    *SETTINGS,
    Variable("STORAGE_TUI_TOKEN", "A token for the URL.", is_secret=True),
    Variable("STORAGE_TUI_HOME", "One folder for data, settings and state, apart from your own."),
    Variable(
        "STORAGE_TUI_LINGER",
        "Seconds that the embedded server stays after its last user; 5. The transfer agent does so too; 10.",
    ),
    Variable("DESCARTESLABS_STORAGE_URL", "Base URL of a server, when no setting above names one."),
    Variable("DESCARTESLABS_TOKEN", "A token, when no setting above gives one.", is_secret=True),
    Variable("DESCARTESLABS_CLIENT_ID", "A login that makes tokens: its id. CLIENT_ID is read too."),
    Variable("DESCARTESLABS_CLIENT_SECRET", "The login's secret. CLIENT_SECRET is read too.", is_secret=True),
    Variable("DESCARTESLABS_REFRESH_TOKEN", "The same secret under its other name.", is_secret=True),
    Variable("DESCARTESLABS_TOKEN_INFO_PATH", "Where `descarteslabs auth login` left the login; empty turns it off."),
    Variable("DESCARTESLABS_NO_JWT_CACHE", "1 keeps renewed tokens in memory only."),
    Variable("DESCARTESLABS_IAM_URL", "Where a login is turned into a token."),
    Variable("SSL_CERT_FILE", "A file of authorities to trust for https, such as your own; SSL_CERT_DIR is read too."),
    Variable("NO_COLOR", "Anything but empty: no colours."),
)
