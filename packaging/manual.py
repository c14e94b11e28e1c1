"""Writes the manual page ipw(1) from what the program says of itself: manual.py PROGRAM FILE."""

import re
import subprocess
import sys


def help_of(program, *command):
    return subprocess.run([program, *command, "--help"], check=True, capture_output=True, text=True).stdout


def subcommands(text):
    section = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.M)
    return re.findall(r"^  (\S+)", section.group(1), re.M) if section else []


def verbatim(text):
    """Lines as they are: backslashes and leading dots mean something to roff."""
    lines = text.strip("\n").replace("\\", "\\e").replace("-", "\\-").split("\n")
    return ".nf\n" + "\n".join("\\&" + line for line in lines) + "\n.fi\n"


def main(program, target):
    top = help_of(program)
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    summary = top.split("\n", 1)[0]
    page = f'.TH IPW 1 "" "{version}" "User Commands"\n'
    page += f".SH NAME\nipw \\- {summary[0].lower() + summary[1:]}\n"
    page += ".SH SYNOPSIS\n.B ipw\nCOMMAND [OPTIONS]\n.SH COMMANDS\n" + verbatim(top.split("\n", 2)[2])
    for command in subcommands(top):
        page += f".SH IPW {command.upper()}\n" + verbatim(help_of(program, command))
        for step in subcommands(help_of(program, command)):
            page += f".SS ipw {command} {step}\n" + verbatim(help_of(program, command, step))
    page += ".SH SEE ALSO\nThe documents in share/doc/ipw beside the program.\n"
    with open(target, "w", encoding="utf-8") as file:
        file.write(page)


main(*sys.argv[1:])
