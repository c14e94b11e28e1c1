"""The tree that `make package` packs: complete, self-sufficient, licensed, and at home anywhere."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

TREE = pathlib.Path(os.environ["IPW_UNPACKED"])
PRIVATE = TREE / "lib/ipw"
DOCUMENTS = TREE / "share/doc/ipw"
OF_THE_SYSTEM = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"}
OLDEST_GLIBC = (2, 34)


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def objdump(flag, file):
    return run("objdump", flag, str(file), check=True).stdout


def binaries():
    return [TREE / "bin/ipw", *sorted(PRIVATE.iterdir())]


def symbols(file):
    """(name, version, defined) of every dynamic symbol that has a version."""
    for line in objdump("-T", file).splitlines():
        found = re.search(r"(\*UND\*)?\s+[0-9a-f]{16}\s+\(?([A-Z]+[A-Z]*_[\d.]+)\)?\s+(\S+)$", line)
        if found:
            yield found[3], found[2], not found[1]


class Contents(unittest.TestCase):
    def test_every_shared_library_has_its_licence_text(self):
        index = dict(line.split(": ", 1) for line in (DOCUMENTS / "copyright").read_text().splitlines()
                     if ": licences/" in line)
        libraries = sorted(PRIVATE.iterdir())
        self.assertGreater(len(libraries), 20)
        for library in libraries:
            with self.subTest(library.name):
                for folder in index[f"lib/ipw/{library.name}"].split(", "):
                    texts = [file.read_text() for file in (DOCUMENTS / folder).iterdir() if file.is_file()]
                    self.assertTrue(texts)
                    for text in texts:
                        self.assertRegex(text.lower(), "copyright|public domain|licen[cs]e")
                        self.assertGreater(len(text), 500)

    def test_texts_that_licences_refer_to_are_there(self):
        for file in (DOCUMENTS / "licences").rglob("copyright"):
            for name in re.findall(r"/usr/share/common-licenses/([\w.-]*\w)", file.read_text()):
                self.assertTrue((DOCUMENTS / "licences/common" / name).is_file(), f"{name} of {file}")

    def test_nothing_is_needed_but_glibc_and_libgcc(self):
        shipped = {library.name for library in PRIVATE.iterdir()}
        for file in binaries():
            for needed in re.findall(r"NEEDED\s+(\S+)", objdump("-p", file)):
                self.assertIn(needed, shipped | OF_THE_SYSTEM, f"for {file.name}")

    def test_no_glibc_newer_than_the_stated_one_is_asked_for(self):
        for file in binaries():
            for version in re.findall(r"0x[0-9a-f]{8} 0x\d\d \d+ GLIBC_([\d.]+)", objdump("-p", file)):
                newest = tuple(int(part) for part in version.split("."))
                self.assertLessEqual(newest, OLDEST_GLIBC, f"{file.name}: see packaging/older_glibc.c")

    def test_what_glibc_does_not_have_is_in_the_program(self):
        system = [path for name, path in re.findall(r"(\S+) => (\S+) \(0x", run("ldd", str(TREE / "bin/ipw")).stdout)
                  if name in OF_THE_SYSTEM] + ["/lib64/ld-linux-x86-64.so.2"]
        has = {(name, version) for file in system for name, version, defined in symbols(file) if defined}
        self.assertGreater(len(has), 2000)
        exported = {line.split()[-1] for line in objdump("-T", TREE / "bin/ipw").splitlines() if " .text" in line}
        for file in binaries():
            for name, version, defined in symbols(file):
                if version.startswith("GLIBC_") and not defined and (name, version) not in has:
                    self.assertIn(name, exported, f"{file.name} wants {version}")

    def test_the_shipped_libstdcxx_has_all_that_is_wanted_of_it(self):
        has = {(name, version) for name, version, defined in symbols(PRIVATE / "libstdc++.so.6") if defined}
        for file in binaries():
            for name, version, defined in symbols(file):
                if version.startswith(("GLIBCXX_", "CXXABI_")) and not defined:
                    self.assertIn((name, version), has, f"for {file.name}")

    def test_libraries_are_looked_for_relative_to_the_program_alone(self):
        for file in binaries():
            for path in re.findall(r"(?:RPATH|RUNPATH)\s+(\S+)", objdump("-p", file)):
                self.assertRegex(path, r"^\$ORIGIN(/\.\./lib/ipw)?:?$", file.name)

    def test_no_path_of_the_build_is_left(self):
        source = os.environ["IPW_SOURCE_DIR"].encode()
        for file in TREE.rglob("*"):
            if file.is_file():
                self.assertNotIn(source, file.read_bytes(), str(file))

    def test_what_users_look_for_is_there(self):
        for name in ("LICENSE", "README.md", "CHANGELOG.md", "docs/install.md"):
            self.assertTrue((DOCUMENTS / name).is_file(), name)
        for name in ("man/man1/ipw.1", "bash-completion/completions/ipw", "ipw/data/cpu_power.csv"):
            self.assertTrue((TREE / "share" / name).is_file(), name)


class AnywhereElse(unittest.TestCase):
    """The tree moved to a folder with a space in its name, with an environment that holds nothing."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="ipw package ")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.tree = pathlib.Path(cls.folder.name) / "moved"
        shutil.copytree(TREE, cls.tree)
        models = cls.tree / "share/ipw/models"
        models.mkdir(exist_ok=True)
        shutil.copy(os.environ["IPW_TINY_MODEL"], models / "stand-in.gguf")

    def ipw(self, *arguments, **variables):
        return run(str(self.tree / "bin/ipw"), *arguments, env=variables, cwd=self.folder.name)

    def test_every_library_but_glibc_comes_from_the_tree(self):
        loaded = re.findall(r"(\S+) => (.+) \(0x", self.ipw("doctor", LD_TRACE_LOADED_OBJECTS="1").stdout)
        self.assertGreater(len(loaded), 10)
        for name, path in loaded:
            if name not in OF_THE_SYSTEM:
                self.assertEqual(pathlib.Path(path).resolve().parent, self.tree / "lib/ipw", name)

    def test_every_symbol_is_found_at_once(self):
        done = self.ipw("doctor", LD_BIND_NOW="1")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_bundled_model_is_profiled_by_its_name_and_the_run_goes_on_elsewhere(self):
        self.assertIn("  stand-in ", self.ipw("list", "models").stdout)
        done = self.ipw("profile", "--model", "stand-in", "--dataset", "demo", "--limit", "5", "--idle", "0",
                        "--max-tokens", "8", "--out", "run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^accuracy .* measured: scorer$")
        AnywhereElse.tree = self.tree.rename(self.tree.with_name("moved again"))
        again = self.ipw("profile", "--resume", "run")
        self.assertEqual(again.returncode, 0, again.stderr)

    def test_an_unknown_model_is_told_from_the_bundled_ones(self):
        done = self.ipw("profile", "--model", "stand-on", "--dataset", "demo")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"FILE\.gguf.* or stand-in\)")


unittest.main(verbosity=2)
