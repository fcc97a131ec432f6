"""A Rapport of a suite's own: started on an empty directory, asked through the native API, stopped at the end.

A suite in Python starts with `with Rapport() as rapport:` and ends with `checks.finish()`. The program under test is
named by RAPPORT_BIN.
"""

import atexit
import collections
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

WRITE_KEY = "suite-browser-key-0123456789"
SERVER_KEY = "suite-server-key-0123456789"
API_TOKEN = "suite-api-token-0123456789"

READY_WITHIN_S = 30
STOPPED_WITHIN_S = 30
FOLDED_WITHIN_S = 20
SUITE_WITHIN_S = 600


class Rapport:
    """One server on one directory; `settings` are environment names of the configuration."""

    def __init__(self, **settings):
        self.settings = settings
        self.binary = os.environ.get("RAPPORT_BIN") or sys.exit("RAPPORT_BIN does not name the program to test")
        self.directory = tempfile.mkdtemp(prefix="rapport-suite-")
        self.data = os.path.join(self.directory, "data")
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.process = None

    def __enter__(self):
        atexit.register(self.kill)
        signal.signal(signal.SIGALRM, too_long)
        signal.alarm(SUITE_WITHIN_S)
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def environment(self):
        keys = {"RAPPORT_WRITE_KEY": WRITE_KEY, "RAPPORT_SERVER_KEY": SERVER_KEY, "RAPPORT_API_TOKEN": API_TOKEN}
        return {**os.environ, **keys, **self.settings}

    def start(self):
        """Starts the server and waits until it says it is ready."""
        command = [self.binary, "serve", "--data", self.data, "--listen", self.address]
        self.process = subprocess.Popen(command, env=self.environment(), stdout=sys.stderr)
        eventually("the server is ready", self.is_ready, READY_WITHIN_S)

    def is_ready(self):
        if self.process.poll() is not None:
            sys.exit(f"the server ended with {self.process.returncode} before it was ready")
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stop(self):
        """Asks the server to stop, as a service manager does, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=STOPPED_WITHIN_S)

    def kill(self):
        """Stops the server without asking."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def run(self, *arguments):
        """Runs another command of the program and returns what it prints."""
        done = subprocess.run([self.binary, *arguments], env=self.environment(), stdout=subprocess.PIPE)
        if done.returncode != 0:
            raise RuntimeError(f"rapport {' '.join(arguments)} ended with {done.returncode}")
        return done.stdout

    def verdict(self):
        """The last word of `rapport doctor --verify`: `sound` where folding every entry again gives what is there."""
        command = [self.binary, "doctor", "--data", self.data, "--verify"]
        done = subprocess.run(command, env=self.environment(), stdout=subprocess.PIPE, text=True)
        return "sound" if done.returncode == 0 else done.stdout

    def ask(self, path, method="GET", body=None):
        """The answer of the native API, or `None` where there is nothing."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            if error.code == 404:
                return None
            raise RuntimeError(f"{method} {path}: {error.code} {text}") from error

    def results(self, path):
        """Every result of a list, page after page."""
        after = None
        while True:
            query = {"limit": 1000, **({"after": after} if after else {})}
            page = self.ask(f"{path}{'&' if '?' in path else '?'}{urllib.parse.urlencode(query)}")
            if page is None:
                return
            yield from page["results"]
            after = page.get("paging", {}).get("next", {}).get("after")
            if not after:
                return

    def outcomes(self):
        return self.ask("/outcomes")

    def folded(self, events):
        """Waits until `events` events have an outcome, then returns the outcomes."""
        words = ("accepted", "duplicate", "filtered", "limited", "invalid")
        total = lambda: sum(self.outcomes()[word] for word in words)
        eventually(f"{events} events have an outcome", lambda: total() >= events, FOLDED_WITHIN_S, total)
        return self.outcomes()

    def profile(self, kind, value):
        return self.ask(f"/profiles/{reference(kind, value)}")

    def timeline(self, kind, value):
        return list(self.results(f"/profiles/{reference(kind, value)}/timeline"))


def too_long(*_):
    raise TimeoutError(f"the suite took more than {SUITE_WITHIN_S} s")


def reference(kind, value):
    return f"{kind}:{urllib.parse.quote(value, safe='')}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, holds, within_s, show=lambda: "no"):
    """Asks until it holds; an error when it does not within the time."""
    end = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {within_s} s: {what} ({show()})")
        time.sleep(0.05)


def once_each(ids):
    return collections.Counter(ids)


def copies(timeline):
    """How often each message id stands in a timeline."""
    return collections.Counter(entry["message_id"] for entry in timeline if entry.get("message_id"))


def sum_of(outcomes):
    """How many events have an outcome."""
    return sum(outcomes[word] for word in ("accepted", "duplicate", "filtered", "limited", "invalid"))


def gained(before, after):
    """What a run gained: newly accepted, and sent again."""
    return after["accepted"] - before["accepted"], after["duplicate"] - before["duplicate"]


class Checks:
    """Counts what holds and what does not, and says where."""

    def __init__(self):
        self.held = 0
        self.broken = 0

    def equal(self, what, got, wanted):
        self.that(what, got == wanted, f"got {shortened(got)}, wanted {shortened(wanted)}")

    def that(self, what, holds, otherwise=""):
        if holds:
            self.held += 1
            print(f"  ok    {what}")
        else:
            self.broken += 1
            print(f"  FALSE {what}: {otherwise}")

    def finish(self):
        """Prints the closing line and ends the program."""
        print(f"{self.held} checks hold, {self.broken} do not")
        sys.exit(1 if self.broken or not self.held else 0)


def shortened(value):
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}…"
