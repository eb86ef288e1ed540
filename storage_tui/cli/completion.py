"""Completion for bash, zsh and fish: commands, flags, and the keys that are there right now.

Each shell sources a short script (`storage-tui completion bash`), which at a TAB runs the program with
_STORAGE_TUI_COMPLETE set, as click does it. What differs from click's own scripts is that a word may hold colons,
blanks and quotes, that a folder gets no blank behind it, and that nothing is offered which a terminal would obey.
"""

import os
import re
import shlex
import signal

import click
from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

from storage_tui.cli.printing import say_page
from storage_tui.cli.words import DEADLINE_S, OPEN
from storage_tui.tui.visible import visible

WORDS = "_STORAGE_TUI_WORDS"  # the words up to the cursor, one a line, without the shell's quotes
_PLAIN = re.compile(r"[A-Za-z0-9_./:=@%+,^-]")


class _Shell(ShellComplete):
    """What the shells share: the words come in a variable, the first of them is the program."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one at the cursor, and that one."""
        _, *words, incomplete = os.environ.get(WORDS, "\n").split("\n")
        return words, incomplete

    def complete(self) -> str:
        """The answer to a TAB; without keys when they do not come in time."""
        signal.signal(signal.SIGALRM, _too_late)
        signal.setitimer(signal.ITIMER_REAL, DEADLINE_S)
        return super().complete()

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """What fits; in the place of a command both commands and the locations that may stand there."""
        from storage_tui.cli.main import leading_flags  # which loads this module when it is wanted

        found = super().get_completions(list(args), incomplete)
        if leading_flags(args) == len(args) and not incomplete.startswith("-"):
            context = click.Context(self.cli)
            found = [*self.cli.shell_complete(context, incomplete), *found]
        return [item for item in found if visible(str(item.value)) == item.value]

    def format_completion(self, item: CompletionItem) -> str:
        """`open VALUE` where more may follow at once, `word VALUE` where not, or a tab and what the shell knows."""
        if item.type in ("file", "dir"):
            return f"\t{item.type}"
        return f"{'open' if item.type == OPEN else 'word'} {item.value}"


class Bash(_Shell):
    """bash ends words at colons and leaves quoting to the program."""

    name = "bash"
    source_template = """\
%(complete_func)s() {
    local line cur=${COMP_WORDS[COMP_CWORD]} local_type=
    local -a found
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            $'\\tfile') local_type=-f ;;
            $'\\tdir') local_type=-d ;;
            *) COMPREPLY+=("$line") ;;
        esac
    done < <(_STORAGE_TUI_WORDS=${COMP_LINE:0:COMP_POINT} _STORAGE_TUI_BREAKS=$COMP_WORDBREAKS \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    compopt -o nospace
    if [[ -n $local_type ]]; then
        mapfile -t found < <(compgen "$local_type" -- "$cur")
        if (( ${#found[@]} )); then
            COMPREPLY=("${found[@]}")
            compopt +o nospace -o filenames
        fi
    fi
}
complete -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words of the line up to the cursor."""
        line = os.environ.get(WORDS, "")
        _, *words = _split(f"{line}x") or [""]  # the x makes a word of what stands at the cursor, be it nothing
        self._raw = re.split(r"(?<!\\)\s", line)[-1]
        return words[:-1], words[-1][:-1] if words else ""

    def format_completion(self, item: CompletionItem) -> str:
        """The text to insert: quoted, without what bash took off before the last colon, with the blank it ends in."""
        if item.type in ("file", "dir"):
            return f"\t{item.type}"
        value = str(item.value)
        if self._raw[:1] in ("'", '"'):
            return value
        breaks = os.environ.get("_STORAGE_TUI_BREAKS", ":=")
        ends = [found.end() for found in re.finditer(r"(?<!\\)[:=]", self._raw) if found[0] in breaks]
        if ends:
            value = value[len("".join(_split(self._raw[: ends[-1]]))) :]
        text = "".join(c if _PLAIN.match(c) or not c.isascii() else f"\\{c}" for c in value)
        return text if item.type == OPEN else f"{text} "


class Zsh(_Shell):
    """zsh quotes what it inserts by itself."""

    name = "zsh"
    source_template = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local line
    local -a open_ word_
    for line in "${(@f)$(_STORAGE_TUI_WORDS="${(F)${(@Q)words[1,CURRENT]}}" \\
        %(complete_var)s=zsh_complete ${(Q)words[1]} 2>/dev/null)}"; do
        case $line in
            ($'\\tfile') _files ;;
            ($'\\tdir') _files -/ ;;
            (open\\ *) open_+=("${line#open }") ;;
            (word\\ *) word_+=("${line#word }") ;;
        esac
    done
    (( $#open_ )) && compadd -S '' -- "${open_[@]}"
    (( $#word_ )) && compadd -- "${word_[@]}"
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class Fish(_Shell):
    """fish adds no blank behind a colon or slash by itself, and shows what a word is for."""

    name = "fish"
    source_template = """\
function %(complete_func)s
    set -l current (commandline -ct)
    set -l plain (string unescape -- $current; or echo -- $current)
    set -l program (commandline -opc)[1]
    set -lx %(complete_var)s fish_complete
    set -lx _STORAGE_TUI_WORDS (string join \\n -- (commandline -opc) "$plain" | string collect -N)
    for line in (command $program 2>/dev/null)
        switch $line
            case \\tfile
                __fish_complete_path $current
            case \\tdir
                __fish_complete_directories $current
            case '*'
                echo -- $line
        end
    end
end
complete --no-files --command %(prog_name)s --arguments '(%(complete_func)s)'
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words, of which `string join` ended the last with a newline."""
        _, *words = os.environ.get(WORDS, "\n\n").removesuffix("\n").split("\n")
        return words[:-1], words[-1]

    def format_completion(self, item: CompletionItem) -> str:
        """The value, a tab, and what it is."""
        if item.type in ("file", "dir"):
            return f"\t{item.type}"
        return f"{item.value}\t{visible(' '.join(item.help.split()))}" if item.help else str(item.value)


SHELLS: dict[str, type[_Shell]] = {row.name: row for row in (Bash, Zsh, Fish)}


def register() -> None:
    """Put our shells in the place of click's."""
    for row in SHELLS.values():
        add_completion_class(row)


@click.command()
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands, flags and keys in SHELL.

    \b
    bash  source <(storage-tui completion bash)                in ~/.bashrc
    zsh   source <(storage-tui completion zsh)                 in ~/.zshrc, after compinit
    fish  storage-tui completion fish | source                 in ~/.config/fish/config.fish
    """
    from storage_tui.cli.main import COMPLETE_VARIABLE

    made = SHELLS[shell](ctx.find_root().command, {}, "storage-tui", COMPLETE_VARIABLE)
    say_page(made.source())


def _too_late(number: int, frame: object) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    raise TimeoutError


def _split(text: str) -> list[str]:
    """Words as a shell splits them; the last one may stand in quotes that are not closed."""
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:
        words.append(lexer.token)
    return words
