"""Make sure that the browser tests have a Chromium, and say where it is.

`make test` calls this with the environment's Python. A Chromium or Chrome of the system is
preferred; else Playwright's own, where it already works; else one is installed, with apt for
root and with Playwright for everyone else. Without a browser this fails: no test is skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    # Usual places that a short PATH leaves out.
    "/usr/bin/chromium",
    "/snap/bin/chromium",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
LAUNCH_PLAYWRIGHTS_OWN = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    playwright.chromium.launch().close()
"""
NO_BROWSER = (
    "The browser tests need Chromium, and it could not be installed: install it (on Debian: "
    "sudo apt install chromium; elsewhere Google Chrome will do) and run make test again."
)


def find_chromium(names: Iterable[str] = NAMES, path: str | None = None) -> str | None:
    """Return the system's Chromium or Chrome, or None where Playwright's own is to be used.

    `names` are commands, looked up on `path` (default: PATH), or absolute paths. The result is
    meant for Playwright's `executable_path`, for which None means its own browser.
    """
    for name in names:
        executable = shutil.which(name, path=path)
        # Ubuntu's chromium-browser may be a stub that only says to install a snap.
        if executable and succeeds([executable, "--version"]):
            return executable
    return None


def succeeds(command: list[str]) -> bool:
    """Tell whether a command ends well within a minute, without showing its output."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def playwrights_own_works() -> bool:
    """Tell whether Playwright's own Chromium is installed and starts."""
    return succeeds([sys.executable, "-c", LAUNCH_PLAYWRIGHTS_OWN])


def has_browser() -> bool:
    """Tell whether the browser tests would find a Chromium that starts."""
    return find_chromium() is not None or playwrights_own_works()


def installers(is_root: bool, has_apt: bool) -> list[list[list[str]]]:
    """Return the ways to install Chromium in the order to try them, each as its commands."""
    apt = [
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
    ]
    playwright = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    return [apt, playwright] if is_root and has_apt else [playwright]


def main() -> int:
    """Find or install a Chromium; return 0, or 1 after one sentence on what to do."""
    if has_browser():
        return 0
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    for commands in installers(is_root, shutil.which("apt-get") is not None):
        for command in commands:
            print(f"==> Installing Chromium for the browser tests: {' '.join(command)}", flush=True)
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            if subprocess.run(command, env=environment, check=False).returncode:
                break
        if has_browser():
            return 0
    print(NO_BROWSER, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
