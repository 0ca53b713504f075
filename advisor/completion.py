"""Shell completion: a script for bash, zsh or fish, made from the command line's own parsers and the rules."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from advisor import options
from advisor.records import dataclass
from advisor.rule import discover

_KINDS = {"FILE": "file", "PATHS": "paths", "NAMES": "names", "RULE": "rule", "REV": "revision"}
_NOTE = "# Completion for dag-advisor, written by `dag-advisor generate-shell-completion {shell}`.\n"


@dataclass(frozen=True, slots=True)
class Word:
    """An option (`names` is not empty) or an operand, and what it takes.

    `kind` is flag, choice (of `choices`), file, paths, names (of rules and groups, with commas), rule, revision, class
    or value (of which nothing is known).
    """

    names: tuple[str, ...]
    help: str
    kind: str
    choices: tuple[str, ...] = ()


def script(shell: str) -> str:
    """The script for a shell: bash, zsh or fish."""
    return _NOTE.format(shell=shell) + {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()


def _words(command: str) -> list[Word]:
    """The options and operands of a command, in the order of its help."""
    found = []
    for action in options.parser_of(command)._actions:  # argparse has no public way to list them
        # `(default: …)` is for the help page; one sentence is enough here.
        text = re.sub(r"\s*\(default: .*", "", action.help or "")
        names = tuple(action.option_strings)
        choices = action.type.choices if isinstance(action.type, options.Choice) else ()
        if action.nargs == 0 or isinstance(action, argparse._VersionAction | argparse._HelpAction):
            found.append(Word(names, text, "flag"))
        elif choices:
            found.append(Word(names, text, "choice", choices))
        elif command == "catalog" and action.dest == "arguments":
            found.append(Word(names, text, "class"))
        else:
            found.append(Word(names, text, _KINDS.get(str(action.metavar), "value")))
    return found


def _rules() -> list[str]:
    return sorted(discover())


def _names() -> list[str]:
    return sorted({*discover(), *(rule.group for rule in discover().values()), "ALL"})


# bash

_BASH = """\
_dag_advisor_words() {
    local IFS=$' \\t\\n'
    COMPREPLY=( $(compgen -W "$1" -- "$cur") )
}

# One of the names behind the last comma.
_dag_advisor_names() {
    local IFS=$' \\t\\n' before=""
    if [[ $cur == *,* ]]; then before="${cur%,*},"; fi
    COMPREPLY=( $(compgen -P "$before" -W "$names" -- "${cur##*,}") )
    compopt -o nospace 2>/dev/null
}

_dag_advisor_files() {
    local IFS=$'\\n'
    COMPREPLY=( $(compgen -d -- "$cur"; compgen -f $1 -- "$cur") )
    compopt -o filenames 2>/dev/null
}

_dag_advisor_revisions() {
    _dag_advisor_words "$(git for-each-ref --format='%(refname:short)' 2>/dev/null)"
}

_dag_advisor_classes() {
    if (( ${#cur} > 1 )); then
        local found
        found="$("${COMP_WORDS[0]}" catalog search "$cur" 2>/dev/null | cut -d' ' -f1)"
        if [[ $cur != *.* ]]; then found="$(sed 's/.*[.]//' <<< "$found")"; fi
        _dag_advisor_words "$found"
    fi
}

_dag_advisor() {
    local cur="${COMP_WORDS[COMP_CWORD]}" previous="" command="${COMP_WORDS[1]}"
    local names="@NAMES@"
    local rules="@RULES@"
    COMPREPLY=()
    if (( COMP_CWORD == 1 )); then
        _dag_advisor_words "@COMMANDS@ --help --version"
        return
    fi
    # `--option=value` comes as three words.
    if [[ $cur == "=" ]]; then cur=""; previous="${COMP_WORDS[COMP_CWORD-1]}"
    elif [[ ${COMP_WORDS[COMP_CWORD-1]} == "=" ]]; then previous="${COMP_WORDS[COMP_CWORD-2]}"
    else previous="${COMP_WORDS[COMP_CWORD-1]}"; fi
    case "$command" in
@CASES@
    esac
}

complete -F _dag_advisor dag-advisor
"""


def _bash() -> str:
    cases = []
    for name in options.COMMANDS:
        words = _words(name)
        taking = [
            f"                {'|'.join(word.names)}) {_bash_action(word)}; return ;;"
            for word in words
            if word.names and word.kind != "flag"
        ]
        flags = " ".join(option for word in words for option in word.names)
        operands = [word for word in words if not word.names]
        lines = [f"        {name})"]
        if taking:
            lines += ['            case "$previous" in', *taking, "            esac"]
        lines.append(f'            if [[ $cur == -* ]]; then _dag_advisor_words "{flags}"; return; fi')
        if name == "catalog":
            verbs = " ".join(operands[0].choices)
            lines.append(
                f'            if (( COMP_CWORD == 2 )); then _dag_advisor_words "{verbs}"; return; fi'
            )
            lines.append('            case "${COMP_WORDS[2]}" in')
            lines.append("                show) _dag_advisor_classes ;;")
            lines.append("                scan|build) _dag_advisor_files ;;")
            lines.append("            esac")
        else:
            lines += [f"            {_bash_action(word)}" for word in operands[:1]]
        cases += [*lines, "            ;;"]
    return (
        _BASH.replace("@NAMES@", " ".join(_names()))
        .replace("@RULES@", " ".join(_rules()))
        .replace("@COMMANDS@", " ".join(options.COMMANDS))
        .replace("@CASES@", "\n".join(cases))
    )


def _bash_action(word: Word) -> str:
    return {
        "choice": f'_dag_advisor_words "{" ".join(word.choices)}"',
        "file": "_dag_advisor_files",
        "paths": "_dag_advisor_files '-X!*.py'",
        "names": "_dag_advisor_names",
        "rule": '_dag_advisor_words "$rules"',
        "revision": "_dag_advisor_revisions",
    }.get(word.kind, ":")


# zsh

_ZSH = """\
_dag_advisor_names() {
    local -a names
    names=(@NAMES@)
    _sequence compadd - $names
}

_dag_advisor_revisions() {
    local -a found
    found=(${(f)"$(git for-each-ref --format='%(refname:short)' 2>/dev/null)"})
    compadd -a found
}

_dag_advisor_classes() {
    local -a found
    if (( ${#PREFIX} > 1 )); then
        found=(${(f)"$($words[1] catalog search "$PREFIX" 2>/dev/null | cut -d' ' -f1)"})
        if [[ $PREFIX != *.* ]]; then found=(${found##*.}); fi
        compadd -a found
    fi
}

_dag_advisor() {
    local context state line
    local -a commands rules service_name
    commands=(
@COMMANDS@
    )
    rules=(@RULES@)
    if (( CURRENT == 2 )); then
        _describe command commands
        _arguments '(-h --help)'{-h,--help}'[Print help]' '(-V --version)'{-V,--version}'[Print the version]'
        return
    fi
    local command="$words[2]"
    shift words
    (( CURRENT-- ))
    words[1]="dag-advisor"
    case "$command" in
@CASES@
    esac
}

if [[ "${funcstack[1]-}" = "_dag_advisor" ]]; then _dag_advisor "$@"
else compdef _dag_advisor dag-advisor; fi
"""


def _zsh() -> str:
    commands = "\n".join(f"        {_quoted(f'{name}:{text}')}" for name, text in options.COMMANDS.items())
    cases = []
    for name in options.COMMANDS:
        lines = [_quoted(spec) for spec in _zsh_specs(name)]
        cases.append(f"        {name})\n            _arguments -s \\\n                ")
        cases[-1] += " \\\n                ".join(lines) + "\n            ;;"
    body = (
        _ZSH.replace("@NAMES@", " ".join(_names()))
        .replace("@RULES@", " ".join(_rules()))
        .replace("@COMMANDS@", commands)
        .replace("@CASES@", "\n".join(cases))
    )
    return f"#compdef dag-advisor\n{body}"


def _zsh_specs(command: str) -> Iterator[str]:
    for word in _words(command):
        text = re.sub(r"([\[\]:\\])", r"\\\1", word.help)
        if not word.names:
            if command == "catalog" and word.kind == "choice":
                yield f"1:verb:({' '.join(word.choices)})"
            elif word.kind == "class":
                yield "*:argument:{ if [[ $words[2] == show ]]; then _dag_advisor_classes; else _files; fi }"
            else:
                many = "*" if word.kind == "paths" else "1"
                yield f"{many}:{word.kind}:{_zsh_action(word)}"
        for option in word.names:
            if word.kind == "flag":
                yield f"{option}[{text}]"
            else:
                yield f"{option}{'=' if option.startswith('--') else ''}[{text}]:{word.kind}:{_zsh_action(word)}"


def _zsh_action(word: Word) -> str:
    return {
        "choice": f"({' '.join(word.choices)})",
        "file": "_files",
        "paths": '_files -g "*.py"',
        "names": "_dag_advisor_names",
        "rule": "($rules)",
        "revision": "_dag_advisor_revisions",
    }.get(word.kind, " ")


# fish

_FISH = """\
function __dag_advisor_classes
    set -l word (commandline -ct)
    if test (string length -- "$word") -gt 1
        set -l found (dag-advisor catalog search "$word" 2>/dev/null | string split -f1 ' ')
        if string match -q '*.*' -- "$word"
            printf '%s\\n' $found
        else
            printf '%s\\n' $found | string replace -r '.*[.]' ''
        end
    end
end

function __dag_advisor_verb
    set -l words (commandline -opc)
    test (count $words) -ge 3; and contains -- $words[3] $argv
end

complete -c dag-advisor -f
complete -c dag-advisor -n __fish_use_subcommand -s h -l help -d 'Print help'
complete -c dag-advisor -n __fish_use_subcommand -s V -l version -d 'Print the version'
"""


def _fish() -> str:
    lines = [_FISH]
    for name, text in options.COMMANDS.items():
        lines.append(f"complete -c dag-advisor -n __fish_use_subcommand -a {name} -d {_fish_quoted(text)}\n")
    for name in options.COMMANDS:
        for word in _words(name):
            lines.append(
                f"complete -c dag-advisor -n '{_fish_condition(name, word)}'{_fish_word(name, word)}\n"
            )
            if word.kind == "class":
                scan = "__fish_seen_subcommand_from catalog; and __dag_advisor_verb scan build"
                lines.append(f"complete -c dag-advisor -n '{scan}' -F\n")
    return "".join(lines)


def _fish_condition(command: str, word: Word) -> str:
    seen = f"__fish_seen_subcommand_from {command}"
    if word.kind == "class":
        return f"{seen}; and __dag_advisor_verb show"
    if command == "catalog" and word.kind == "choice" and not word.names:
        return f"{seen}; and not __fish_seen_subcommand_from {' '.join(word.choices)}"
    return seen


def _fish_word(command: str, word: Word) -> str:
    parts = ""
    for option in word.names:
        parts += f" -l {option[2:]}" if option.startswith("--") else f" -s {option[1:]}"
    if word.names:
        parts += f" -d {_fish_quoted(word.help)}"
    if word.kind == "flag":
        return parts
    required = " -r" if word.names else ""
    action = {
        "choice": f" -a '{' '.join(word.choices)}'",
        "file": " -F",
        "paths": " -F",
        "names": f" -a '(__fish_append , {' '.join(_names())})'",
        "rule": f" -a '{' '.join(_rules())}'",
        "revision": " -a \"(git for-each-ref --format='%(refname:short)' 2>/dev/null)\"",
        "class": " -a '(__dag_advisor_classes)'",
    }.get(word.kind, "")
    return parts + required + action


def _quoted(text: str) -> str:
    """A word for sh, bash and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
