"""The weekly page in a real browser: no accessibility violation in light and dark, and a summary of two printed pages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import tests.report_fixtures as invented
from reports.weekly import ReportOptions, WeeklyData, render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = find_spec("axe_core_python")
WEEK: date = invented.WEEK
SETTINGS = ReportOptions(talk_share_reference=0.2)
PAGES: dict[str, Callable[[], WeeklyData]] = {
    "nothing stands out": invented.weekly_data,
    "something does": lambda: invented.weekly_data(real_effect=True, last_week_rate=0.34),
    "empty": invented.empty,
}
SCHEMES = {
    "light": ("--window-size=900,1200",),
    "dark": ("--window-size=500,1200", "--blink-settings=preferredColorScheme=0"),
}
RUN = """
document.querySelectorAll('details').forEach(part => part.open = true);
axe.run(document, {resultTypes: ['violations']}).then(found => {
  const left = document.createElement('pre');
  left.id = 'axe';
  left.textContent = JSON.stringify({
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    passes: found.passes.length,
    violations: found.violations.map(each => [each.id, each.nodes.length, each.nodes[0].html, each.nodes[0].failureSummary]),
  });
  document.body.append(left);
});
"""

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed; `make browser` installs it from Debian"),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    paths = {}
    for name, data in PAGES.items():
        paths[name] = folder / f"{name.replace(' ', '-')}.html"
        paths[name].write_text(render(data(), week=WEEK, settings=SETTINGS), encoding="utf-8")
    return paths


def chromium(folder: Path, *options: str) -> str:
    command = [
        str(CHROMIUM),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        f"--user-data-dir={folder / 'profile'}",
        *options,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def audit(page: Path, folder: Path, options: Sequence[str]) -> dict[str, Any]:
    """What axe-core says of the page with every folded part open."""
    assert AXE and AXE.submodule_search_locations
    script = (Path(AXE.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")
    copy = folder / "audited.html"
    html = page.read_text(encoding="utf-8")
    copy.write_text(
        html.replace("</body>", f"<script>{script}</script><script>{RUN}</script></body>"), encoding="utf-8"
    )
    dom = chromium(folder, "--virtual-time-budget=30000", *options, "--dump-dom", copy.as_uri())
    said = re.search(r'<pre id="axe">(.*?)</pre>', dom, re.S)
    assert said, "axe-core did not finish"
    found: dict[str, Any] = json.loads(said[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return found


@pytest.mark.skipif(not AXE, reason="axe-core is not installed; it comes with the extra `dev`")
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", PAGES)
def test_has_no_accessibility_violation(name: str, scheme: str, pages: dict[str, Path], tmp_path: Path) -> None:
    found = audit(pages[name], tmp_path, SCHEMES[scheme])
    assert found["dark"] is (scheme == "dark")
    assert found["passes"] > 10
    assert found["violations"] == []


@pytest.mark.skipif(not AXE, reason="axe-core is not installed; it comes with the extra `dev`")
def test_the_audit_sees_a_violation(pages: dict[str, Path], tmp_path: Path) -> None:
    page = tmp_path / "pale.html"
    page.write_text(
        pages["empty"].read_text(encoding="utf-8").replace("--text:#16202b", "--text:#d8d8d8"), encoding="utf-8"
    )
    assert "color-contrast" in {violation[0] for violation in audit(page, tmp_path, ())["violations"]}


@pytest.mark.parametrize("name", PAGES)
def test_prints_on_at_most_two_pages(name: str, pages: dict[str, Path], tmp_path: Path) -> None:
    paper = tmp_path / "paper.pdf"
    chromium(tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={paper}", pages[name].as_uri())
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes())) <= 2
