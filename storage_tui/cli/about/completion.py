"""Completion for bash, zsh and fish: commands, flags and existing keys.

Each shell sources a short script (`storage-tui completion bash`). At a TAB the script runs the program with
_STORAGE_TUI_COMPLETE set, as in click. There are three differences from click's own scripts: a word may contain colons,
blanks and quotes; a folder gets no blank behind it; and words that contain control sequences for a terminal are not
offered.
"""

import os
import signal

import click
from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

from storage_tui.cli.about import shell_words
from storage_tui.cli.printing import say_page
from storage_tui.cli.start.leading_flags import COMPLETE_VARIABLE, leading_flags
from storage_tui.cli.words import DEADLINE_S, OPEN
from storage_tui.contract.visible import visible

WORDS = "_STORAGE_TUI_WORDS"  # the line up to the cursor, or its words, one per line, without the shell's quotes
REPLACED = "_STORAGE_TUI_REPLACED"  # the end of that line, which bash replaces with the chosen text
LOCAL = ("file", "dir")  # types of items that the shell completes


class _Shell(ShellComplete):
    """The parts that the shells share: the words come in a variable, and the first word is the program."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the word at the cursor, and that word."""
        _, *words, incomplete = os.environ.get(WORDS, "\n").split("\n")
        return words, incomplete

    def complete(self) -> str:
        """Return the answer to a TAB; without keys when these do not come within DEADLINE_S seconds."""
        signal.signal(signal.SIGALRM, _too_late)
        signal.setitimer(signal.ITIMER_REAL, DEADLINE_S)
        return super().complete()

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return the matching items. In the place of a command these are commands and the locations that are possible
        there."""
        found = super().get_completions(list(args), incomplete)
        if leading_flags(args) == len(args) and not incomplete.startswith("-"):
            context = click.Context(self.cli)
            found = [*self.cli.shell_complete(context, incomplete), *found]
        return [item for item in found if visible(str(item.value)) == item.value]

    def format_completion(self, item: CompletionItem) -> str:
        """Return `open VALUE` when more text may follow at once, `word VALUE` when not, or a tab and the type for items
        that the shell completes."""
        if item.type in ("file", "dir"):
            return f"\t{item.type}"
        return f"{'open' if item.type == OPEN else 'word'} {item.value}"


class Bash(_Shell):
    """The completion of bash, which replaces a part of the word, $2. The program must quote the text, and close an open
    quote."""

    name = "bash"
    source_template = """\
%(complete_func)s() {
    local line local_type=
    local -a found
    COMPREPLY=()
    compopt -o nospace
    while IFS= read -r line; do
        case $line in
            $'\\tfile') local_type=-f ;;
            $'\\tdir') local_type=-d ;;
            $'\\tend') compopt +o nospace ;;
            *) COMPREPLY+=("$line") ;;
        esac
    done < <(_STORAGE_TUI_WORDS=${COMP_LINE:0:COMP_POINT} _STORAGE_TUI_REPLACED=$2 \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    if [[ -n $local_type ]]; then
        mapfile -t found < <(compgen "$local_type" -- "${COMP_WORDS[COMP_CWORD]}")
        if (( ${#found[@]} )); then
            COMPREPLY=("${found[@]}")
            compopt +o nospace -o filenames
        fi
    fi
}
complete -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words of the line up to the cursor."""
        line, replaced = os.environ.get(WORDS, ""), os.environ.get(REPLACED, "")
        self._kept = shell_words.split(line.removesuffix(replaced))
        if not line.endswith(replaced):  # bash replaces something else: no completion is safe there
            self._kept.is_literal = False
        _, *words = shell_words.split(line).words
        return words[:-1], words[-1] if words else ""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return the matching items that begin with the text before the replaced part. Return none after an expansion
        of the shell, as only the shell knows its result."""
        line = shell_words.split(os.environ.get(WORDS, ""))
        if not (line.is_literal and self._kept.is_literal):
            return []
        found = super().get_completions(args, incomplete)
        kept = self._kept.words[-1]
        items = [item for item in found if item.type in LOCAL or str(item.value).startswith(kept)]
        if items and not any(item.type in (OPEN, *LOCAL) for item in items):
            items.append(CompletionItem("", type="end"))
        return items

    def format_completion(self, item: CompletionItem) -> str:
        """Return the text to insert, in the quotes that are open, without the text before the replaced part."""
        if item.type in (*LOCAL, "end"):
            return f"\t{item.type}"
        quote = self._kept.quote
        text = shell_words.write(str(item.value)[len(self._kept.words[-1]) :], quote)
        return text if item.type == OPEN or not quote else text + shell_words.OPENING[quote]


class Zsh(_Shell):
    """The completion of zsh, which quotes the inserted text by itself."""

    name = "zsh"
    source_template = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local line
    local -a open_ word_
    for line in "${(@f)$(_STORAGE_TUI_WORDS="${(F)${(@Q)words[1,CURRENT-1]}}"$'\\n'"${words[CURRENT]}" \\
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

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words; the last word is as typed, in quotes that may be open."""
        *words, raw = os.environ.get(WORDS, "\n").split("\n")
        self._typed = shell_words.split(raw)
        return words[1:], self._typed.words[-1]

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return the matching items; none after an expansion of the shell, as only the shell knows its result."""
        return super().get_completions(args, incomplete) if self._typed.is_literal else []


class Fish(_Shell):
    """The completion of fish, which adds no blank after a colon or slash, and shows what a word is for."""

    name = "fish"
    source_template = """\
function %(complete_func)s
    set -l current (commandline -ct)
    set -l plain (string unescape -- $current; or string unescape -- $current\\'; or string unescape -- $current\\")
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
        """Return the words. `string join` ended the last word with a newline."""
        _, *words = os.environ.get(WORDS, "\n\n").removesuffix("\n").split("\n")
        return words[:-1], words[-1]

    def format_completion(self, item: CompletionItem) -> str:
        """Return the value, a tab, and its description."""
        if item.type in ("file", "dir"):
            return f"\t{item.type}"
        return f"{item.value}\t{visible(' '.join(item.help.split()))}" if item.help else str(item.value)


SHELLS: dict[str, type[_Shell]] = {row.name: row for row in (Bash, Zsh, Fish)}


def register() -> None:
    """Replace click's shells with these."""
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
    made = SHELLS[shell](ctx.find_root().command, {}, "storage-tui", COMPLETE_VARIABLE)
    say_page(made.source())


def _too_late(number: int, frame: object) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    raise TimeoutError
