"""Collects the licence texts of everything that a package holds, from Debian's packages and from npm's,
and writes the index share/doc/ipw/copyright. Fails where a text is missing."""

import argparse
import json
import pathlib
import re
import shutil
import subprocess

# Compiled into the program from headers alone, so that no shared library stands for them.
HEADERS_OF_DEBIAN = {"Boost": "libboost1.81-dev", "CLI11": "libcli11-dev",
                     "nlohmann-json": "nlohmann-json3-dev"}
COMMON = pathlib.Path("/usr/share/common-licenses")  # what Debian's texts refer to

INTRODUCTION = """\
ipw is under the Apache License 2.0; the text is in the file LICENSE beside this one.

This package also holds work of others. Their copyright and licence texts are in the folder licences
beside this file, each as its own maker or Debian's package states it; what those texts call
/usr/share/common-licenses is in licences/common.

"""


def owner(path):
    """The Debian package that a file is from."""
    for candidate in (path, path.removeprefix("/usr"), "/usr" + path):
        found = subprocess.run(["dpkg-query", "-S", candidate], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    raise SystemExit(f"licences: no Debian package owns {path} (build on Debian or Ubuntu)")


class Licences:
    def __init__(self, folder):
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)

    def add(self, name, files):
        """Copies the files to licences/NAME/."""
        files = [pathlib.Path(file) for file in files]
        if not files or not all(file.is_file() for file in files):
            raise SystemExit(f"licences: no licence text for {name} (looked for {files})")
        for file in files:
            target = self.folder / name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        return name

    def add_debian(self, package):
        text = pathlib.Path("/usr/share/doc") / package / "copyright"
        name = self.add(package, [text])
        for common in sorted(set(re.findall(r"/usr/share/common-licenses/([\w.-]*\w)", text.read_text()))):
            if (COMMON / common).is_file():
                self.add("common", [COMMON / common])
        return name


def add_engine(licences, engine, engine_source):
    """llama.cpp, what it holds of others, and the package that it was built for."""
    npm = next(parent for parent in engine.parents if (parent / "LICENSE").is_file())
    licences.add("node-llama-cpp", [npm / "LICENSE"])
    licences.add("llama.cpp", [engine_source / "LICENSE", *sorted(engine_source.glob("licenses/*"))])
    for text in sorted(engine_source.glob("vendor/**/LICENSE*")):
        licences.add("llama.cpp/" + text.parent.name, [text])
    return "llama.cpp, node-llama-cpp"


def npm_packages(folder):
    """The packages that a package-lock.json installs for use, not for development."""
    for path, entry in json.loads((folder / "package-lock.json").read_text())["packages"].items():
        if path and not entry.get("dev") and (folder / path).is_dir():
            yield path.split("node_modules/")[-1], folder / path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("source", "engine", "engine-source", "libraries", "out"):
        parser.add_argument("--" + name, type=pathlib.Path, required=True)
    options = parser.parse_args()

    licences = Licences(options.out / "licences")
    rows = []
    engine = add_engine(licences, options.engine, options.engine_source)
    for line in options.libraries.read_text().splitlines():
        origin, library = line.split("\t")
        text = engine if origin == "engine" else licences.add_debian(owner(origin))
        rows.append((f"lib/ipw/{library}", text))
    for name, package in HEADERS_OF_DEBIAN.items():
        rows.append((f"{name}, in bin/ipw", licences.add_debian(package)))
    rows.append(("share/ipw/data/cpu_power.csv, in bin/ipw",
                 licences.add("codecarbon", [options.source / "data/cpu_power.LICENSE"])))
    page = options.source / "page"  # what the report page is made with
    if (page / "package-lock.json").is_file():
        for name, folder in npm_packages(page):
            texts = [file for file in sorted(folder.iterdir()) if file.name.upper().startswith("LICEN")]
            rows.append((f"{name}, in bin/ipw", licences.add("npm/" + name, texts)))

    index = "".join(f"{what}: licences/{', licences/'.join(text.split(', '))}\n" for what, text in sorted(rows))
    (options.out / "copyright").write_text(INTRODUCTION + index)


main()
