"""The documentation site as a reader meets it: every link leads somewhere, every command is in the
reference, nothing is asked of another machine, and what the quick start says is what happens."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ["IPW_PROGRAM"]
MODEL = os.environ["IPW_TINY_MODEL"]
LOADING = {("link", "href"), ("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src")}


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.anchors, self.links, self.loads, self.text = set(), [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("id", "name"):
                self.anchors.add(value)
            if (tag, name) in LOADING and dict(attrs).get("rel") != "canonical":
                self.loads.append(value)
            elif tag == "a" and name == "href":
                self.links.append(value)

    def handle_data(self, data):
        self.text.append(data)


def ipw(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=True).stdout


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="ipw-site-"))
        cls.site = cls.folder / "site"
        built = subprocess.run(
            ["mkdocs", "build", "--strict", "-f", ROOT / "site/mkdocs.yml", "-d", cls.site],
            capture_output=True, text=True, env={**os.environ, "IPW_PROGRAM": PROGRAM},
        )
        assert built.returncode == 0, built.stdout + built.stderr
        cls.pages = {path: Page(path) for path in cls.site.rglob("*.html") if path.name != "404.html"}

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_every_document_is_a_page(self):
        for document in (ROOT / "docs").rglob("*.md"):
            page = document.relative_to(ROOT / "docs").with_suffix(".html")
            page = page.with_name("index.html") if page.name == "README.html" else page
            self.assertIn(self.site / page, self.pages)

    def test_every_document_is_in_the_navigation(self):
        home = self.pages[self.site / "index.html"]
        for path in self.pages:
            self.assertIn(str(path.relative_to(self.site)), home.links + ["index.html"], path.name)

    def test_every_link_leads_somewhere(self):
        count = 0
        for path, page in self.pages.items():
            for link in page.links:
                if re.match(r"[a-z]+:", link):
                    continue
                target, _, anchor = unquote(link).partition("#")
                place = (path.parent / target).resolve() if target else path
                self.assertTrue(place.is_file(), f"{path.name} points to {link}")
                if anchor and place in self.pages:
                    self.assertIn(anchor, self.pages[place].anchors, f"{path.name} points to {link}")
                count += 1
        self.assertGreater(count, 300)

    def test_nothing_is_loaded_from_another_machine(self):
        for path, page in self.pages.items():
            self.assertTrue(page.loads, path.name)
            for load in page.loads:
                self.assertNotRegex(load, r"^([a-z]+:)?//", path.name)
                self.assertTrue((path.parent / load.split("?")[0]).exists(), f"{path.name} loads {load}")
        for css in self.site.rglob("*.css"):
            for url in re.findall(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", css.read_text()):
                self.assertNotRegex("".join(url), r"^(https?:)?//", css.name)

    def test_every_command_and_option_is_in_the_reference(self):
        reference = " ".join("".join(self.pages[self.site / "commands.html"].text).split())
        script = ipw("completion", "bash")
        commands = re.search(r'compgen -W "([^"]*) --help --version"', script).group(1).split()
        self.assertIn("profile", commands)
        for command in commands:
            self.assertIn(f"ipw {command}", reference)
            words = re.search(rf'^ +{command}\) words="([^"]*)" steps="([^"]*)"', script, re.MULTILINE)
            for option in words.group(1).split():
                if option != "--help":
                    self.assertIn(option, reference, command)
            for step in words.group(2).split():
                self.assertIn(f"ipw {command} {step}", reference)

    def test_nothing_of_the_table_syntax_is_left_over(self):
        for path, page in self.pages.items():
            self.assertNotIn("|---|", "".join(page.text), path.name)


class QuickStart(unittest.TestCase):
    def test_what_it_says_is_what_happens(self):
        text = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
        blocks = re.findall(r"(<!-- not run[^>]*-->\n\n)?^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        run = [block for mark, block in blocks if not mark]
        self.assertGreaterEqual(len(run), 8)
        if not shutil.which("gnuplot"):
            self.assertNotIn("IPW_REQUIRE_SHARED", os.environ, "gnuplot must be there")
            self.skipTest("no gnuplot (scripts/setup plot)")
        with tempfile.TemporaryDirectory(prefix="ipw-quickstart-") as folder:
            bin_folder = Path(folder) / "bin"
            bin_folder.mkdir()
            (bin_folder / "ipw").symlink_to(PROGRAM)
            (Path(folder) / "model.gguf").symlink_to(MODEL)
            path = f"{bin_folder}:{os.environ['PATH']}"
            for block in run:
                done = subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", block], cwd=folder, text=True,
                    capture_output=True, env={**os.environ, "PATH": path}, timeout=120,
                )
                self.assertEqual(done.returncode, 0, f"{block}\n{done.stdout}\n{done.stderr}")
            for made in ("first.html", "both.html", "frontier.svg", "latency.pdf", "tasks.csv",
                         "report.json", "records.jsonl"):
                self.assertGreater((Path(folder) / made).stat().st_size, 100, made)


if __name__ == "__main__":
    unittest.main()
