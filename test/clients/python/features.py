"""What programs report: for each feature a line of JSON, with an error when the client did not get what it should."""
import json
import os
import traceback
import urllib.request

MIB = 1024 * 1024


class Features:
    def __init__(self):
        self._bodies = {}

    def __call__(self, name):
        def add(body):
            assert name not in self._bodies, name
            self._bodies[name] = body
            return body

        return add

    def run(self, scene_of):
        for name, body in self._bodies.items():
            report = {"feature": name}
            try:
                body(scene_of(name))
            except BaseException:
                report["error"] = traceback.format_exc()
            print(json.dumps(report), flush=True)


class Faults:
    """Calls that carry its id fail as the instructions say."""

    def __init__(self, url, instructions):
        self._url = url
        body = json.dumps({"instructions": instructions}).encode()
        request = urllib.request.Request(f"{url}/retry_test", data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            self.id = json.load(answer)["id"]

    def assert_done(self):
        with urllib.request.urlopen(f"{self._url}/retry_test/{self.id}") as answer:
            state = json.load(answer)
        assert state["completed"], f"calls that should have failed: {state}"


def expect(error, call):
    """The error, which must be raised."""
    try:
        call()
    except error as raised:
        return raised
    raise AssertionError(f"{error} was expected")


def equal(found, wanted):
    assert found == wanted, f"found {found!r}, wanted {wanted!r}"


def same(found, wanted):
    assert found == wanted, f"{len(found)} bytes that are not the {len(wanted)} wanted"


def noise(size):
    return os.urandom(size)
