"""What the site has beyond docs/: the command reference, which the program writes about itself, and
the source files that the documents point to, so that no link leads off the disk.

IPW_PROGRAM is the program. A link to what is not there stops a strict build.
"""

import logging
import os
import posixpath
import re
import subprocess
from pathlib import Path

from mkdocs.exceptions import ConfigurationError
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
log = logging.getLogger("mkdocs.plugins.ipw")


def generated(config, name, text):
    """A file of the site that is written now."""
    folder = Path(config["site_dir"]).parent / "site-generated"
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    return File(name, str(folder), config["site_dir"], config["use_directory_urls"])


def title_of(path):
    return path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ").replace("`", "")


def on_config(config):
    """Every document is in the navigation, whether or not mkdocs.yml gives it a place."""
    nav = config["nav"]
    placed = {path for entry in nav for path in entry.values() if isinstance(path, str)}
    docs = ROOT / "docs"
    for path in sorted(docs.glob("*.md")):
        if path.name not in placed:
            nav.insert(len(nav) - 1, {title_of(path): path.name})
    for path in sorted((docs / "adr").glob("[0-9]*.md")):
        nav[-1]["Decisions"].append({title_of(path): f"adr/{path.name}"})
    return config


def on_files(files, config):
    program = os.environ.get("IPW_PROGRAM")
    if not program:
        raise ConfigurationError("IPW_PROGRAM must name the program (`make docs` sets it)")
    reference = subprocess.run(
        [program, "help", "--markdown"], capture_output=True, text=True, check=True
    ).stdout
    files.append(generated(config, "commands.md", reference))
    files.append(generated(config, "site.css", (ROOT / "site" / "site.css").read_text()))
    for path in sorted(sources(files)):
        text = (ROOT / path).read_text(encoding="utf-8")
        files.append(generated(config, f"source/{path}.txt", text))
    return files


def sources(files):
    """The files of the tree, outside docs/, that the documents point to."""
    found = set()
    for file in files.documentation_pages():
        text = FENCE.sub("", Path(file.abs_src_path).read_text(encoding="utf-8"))
        for _, target in LINK.findall(text):
            path = in_tree(file, target)
            if path and (ROOT / path).is_file():
                found.add(path)
    return found


def in_tree(file, target):
    """`target` of a link as a path of the tree where it leads out of docs/, else nothing."""
    if "://" in target or target.startswith("#"):
        return None
    path = posixpath.normpath(
        posixpath.join("docs", posixpath.dirname(file.src_path), target.split("#")[0])
    )
    return None if path.startswith("docs/") else path


def on_page_markdown(markdown, page, config, files):
    """Links out of docs/ lead to the copies of the sources; those to folders become plain words."""

    def rewritten(match):
        text, target = match.groups()
        path = in_tree(page.file, target)
        if path is None:
            return match.group(0)
        if (ROOT / path).is_dir():
            return text
        if not (ROOT / path).is_file():
            log.warning("%s points to %s, which is not there", page.file.src_path, path)
            return text
        up = posixpath.relpath("source", posixpath.dirname(page.file.src_path) or ".")
        return f"[{text}]({up}/{path}.txt)"

    parts = []
    end = 0
    for fence in FENCE.finditer(markdown):  # what stands in a fence is no link
        parts += [LINK.sub(rewritten, markdown[end : fence.start()]), fence.group(0)]
        end = fence.end()
    return "".join(parts) + LINK.sub(rewritten, markdown[end:])


def on_post_build(config):
    """theme/main.html asks for jQuery without a version, which differs between packages of mkdocs."""
    scripts = Path(config["site_dir"]) / "js"
    next(scripts.glob("jquery-*.min.js")).replace(scripts / "jquery.min.js")
