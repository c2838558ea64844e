"""A headless Chromium for tests, driven over a pipe by its DevTools protocol."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LIMIT_S = 60.0


def find_browser():
    """Return the path of a Chromium, or None. MEDSYNTH_BROWSER names one that is elsewhere."""
    named = os.environ.get("MEDSYNTH_BROWSER")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page in a browser of its own.

    Attributes:
        complaints: what the console said in anger: exceptions, errors and warnings.
        fetched: addresses that were asked for, those of the data inside left out.
    """

    def __init__(self, profile: Path, path: str | None = None):
        self.complaints, self.fetched = [], []
        self._last, self._heard = 0, b""
        to_it, self._write = os.pipe()
        self._read, from_it = os.pipe()
        command = [
            path or find_browser(), "--headless=new", "--no-sandbox", "--disable-gpu",
            "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
            f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank",
        ]  # fmt: skip
        # a shell puts the pipes where Chromium looks for them
        shell = f'exec "$@" 3<&{to_it} 4>&{from_it}'
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", shell, "bash", *command], pass_fds=(to_it, from_it),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_it)
        os.close(from_it)
        self._session = None
        pages = self.call("Target.getTargets")["targetInfos"]
        target = next(each["targetId"] for each in pages if each["type"] == "page")
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._session = None
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (OSError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def call(self, method, **params):
        """Call a method of the protocol and return its result; events are noted meanwhile."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        number = self._last
        while True:
            said = self._next()
            if said.get("id") == number:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']}")
                return said["result"]
            self._note(said)

    def open(self, path: Path, width=1280, height=900, dark=False, print_it=False):
        """Show a file in a window of this size, and wait until it is there."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)  # fmt: skip
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme, media="print" if print_it else "")
        self.call("Page.navigate", url=path.resolve().as_uri())
        ends = time.monotonic() + LIMIT_S
        while self.run("document.readyState + location.protocol") != "completefile:":
            if time.monotonic() > ends:
                raise TimeoutError(str(path))
            time.sleep(0.05)

    def run(self, script):
        """Return the value of an expression on the page; it may be a promise."""
        found = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise RuntimeError(json.dumps(found["exceptionDetails"])[:500])
        return found["result"].get("value")

    def click(self, selector):
        """Click in the middle of an element, as a mouse does."""
        box = self.run(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect();"
            f" return [b.x + b.width / 2, b.y + b.height / 2]; }})"
            f"(document.querySelector({json.dumps(selector)}))"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left",
                      clickCount=1)  # fmt: skip

    def press(self, key, code):
        """Press and release a key, for example ("Tab", 9)."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)

    def picture(self, path: Path, top=0, height=None):
        """Write a PNG of the page, the whole of it or a part."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": top, "width": size["width"], "scale": 1,
                "height": min(height or size["height"], size["height"] - top)}  # fmt: skip
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(found["data"]))

    def printed(self, path: Path):
        """Write what the page prints as PDF."""
        path.write_bytes(base64.b64decode(self.call("Page.printToPDF")["data"]))

    def _next(self):
        ends = time.monotonic() + LIMIT_S
        while b"\0" not in self._heard:
            if not select.select([self._read], [], [], max(0, ends - time.monotonic()))[0]:
                raise TimeoutError("the browser says nothing")
            part = os.read(self._read, 1 << 20)
            if not part:
                raise OSError("the browser is gone")
            self._heard += part
        said, _, self._heard = self._heard.partition(b"\0")
        return json.loads(said)

    def _note(self, said):
        params = said.get("params", {})
        if said["method"] == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"])[:500])
        elif said["method"] == "Runtime.consoleAPICalled" and params["type"] != "log":
            self.complaints.append(json.dumps(params["args"])[:500])
        elif said["method"] == "Log.entryAdded" and params["entry"]["level"] != "verbose":
            self.complaints.append(params["entry"]["text"])
        elif said["method"] == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith("data:"):
                self.fetched.append(url)
