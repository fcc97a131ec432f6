"""The fault-injecting proxy of `proxy.mjs`, for suites in Python."""

import atexit
import json
import os
import subprocess
import urllib.request

# What may heal: an SDK that sends again loses nothing.
FAULTS = ("429-before", "429-after", "503-before", "503-after", "reset-before", "reset-after")
# What says that the same request is no use again.
REFUSALS = ("400-before", "413-before")


class Proxy:
    """The fault-injecting proxy of `proxy.mjs` between an SDK and a server."""

    def __init__(self, to):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "proxy.mjs")
        self.process = subprocess.Popen(["node", program, to], stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def fail(self, fault, first):
        """Lets the next `first` requests that carry events fail in this way, and forgets what was seen."""
        self._ask("PUT", {"fault": fault, "first": first})

    def seen(self):
        """What came, and what became of it, as `proxy.mjs` tells it."""
        return self._ask("GET")

    def _ask(self, method, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/__proxy", data=data, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)
