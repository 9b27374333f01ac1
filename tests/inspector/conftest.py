"""A browser for the inspector's tests.

It lives no longer than a module's tests: Playwright keeps a loop in this thread, beside which no `asyncio.run` can be.
Whatever a page complains of in the console, or raises, fails its test.
"""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = shutil.which("chromium")
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PATIENCE = 20_000


@pytest.fixture(scope="module")
def browser():
    """Start Debian's Chromium, once for a module."""
    if CHROMIUM is None:
        assert not os.environ.get("CI"), "chromium is needed here: make tools"
        pytest.skip("needs Debian's package chromium")

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser):
    """Return what opens a page of its own, with storage of its own: `open_page(url, width=1280, scheme="light")`."""
    contexts, complaints = [], []

    def opened(url, *, width=1280, height=800, scheme="light", allowed=()):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()

        def complained(text):
            if not any(words in text for words in allowed):
                complaints.append(text)

        page.on("console", lambda message: complained(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complained(str(error)))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
