"""Headless Chromium for tests that open pages. Without one they are skipped; with CI=true they fail instead."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextmanager
def chromium(width: int = 1280, height: int = 900) -> Iterator[Any]:
    """A browser with an empty profile of its own."""
    browser, driver = (
        next(filter(None, map(shutil.which, names)), None)
        for names in (("chromium", "chromium-browser", "google-chrome"), ("chromedriver",))
    )
    if browser is None or driver is None:
        missing = "no Chromium with chromedriver on this machine (Debian: apt-get install chromium chromium-driver)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    from selenium import webdriver

    with tempfile.TemporaryDirectory(prefix="relight-chromium-", ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        window = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        try:
            window.set_script_timeout(60)
            yield window
        finally:
            window.quit()


class Report:
    """A report opened in a browser."""

    def __init__(self, browser: Any, path: Path, minute: float = 0) -> None:
        self.browser = browser
        browser.get("about:blank")
        browser.get(f"{path.resolve().as_uri()}#min={minute:g}")
        assert self.js("return document.body.dataset.ready") == "true", self.complaints()

    def js(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def complaints(self) -> list[str]:
        """Everything on the console since it was asked last."""
        return [entry["message"] for entry in self.browser.get_log("browser")]

    @property
    def step(self) -> int:
        return int(self.js("return document.body.dataset.step"))

    def slide(self, step: int) -> None:
        """Move the slider, as dragging it does."""
        self.js(
            "const s = document.getElementById('slider'); s.value = arguments[0];"
            "s.dispatchEvent(new Event('input', {bubbles: true}))",
            step,
        )

    def choose(self, control: str, value: str) -> None:
        self.js(
            "const s = document.getElementById(arguments[0]); s.value = arguments[1];"
            "s.dispatchEvent(new Event('change', {bubbles: true}))",
            control,
            value,
        )

    def press(self, *keys: str) -> None:
        """Keys pressed on the page, wherever the focus is."""
        from selenium.webdriver import ActionChains

        ActionChains(self.browser).send_keys(*keys).perform()

    def islands(self, pane: str = '[data-mode="actual"]') -> dict[str, str]:
        """Bus → first bus of its island as drawn, empty where it is dark."""
        return self.js(
            "return Object.fromEntries([...document.querySelectorAll(`.pane${arguments[0]} .diagram [data-bus]`)]"
            ".map((e) => [e.dataset.bus, e.dataset.island]))",
            pane,
        )

    def classes(self, attribute: str, pane: str = '[data-mode="actual"]') -> dict[str, str]:
        """Id → classes of the drawn elements that carry this data attribute."""
        return self.js(
            "const drawn = document.querySelectorAll(`.pane${arguments[1]} .diagram [data-${arguments[0]}]`);"
            "const told = (e) => [e.getAttribute(`data-${arguments[0]}`), e.getAttribute('class')];"
            "return Object.fromEntries([...drawn].map(told))",
            attribute,
            pane,
        )
