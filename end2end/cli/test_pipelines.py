"""Pipelines through the command line: uploaded, run, watched, their logs read, retried, ended.

    scripts/with_portal.py BINARY python3 -m unittest discover -s end2end/cli -v

Standard library only; terminal.py says what it finds. The pipelines are those of end2end/kfp, as the SDK compiled them.
"""

import os
import pathlib
import time
import unittest

from terminal import PASSWORD, URL, USER, Terminal

COMPILED = pathlib.Path(__file__).resolve().parents[1] / "kfp/compiled"


def compiled(name):
    return str(COMPILED / f"{name}.yaml")


@unittest.skipIf("TEST_CLUSTER" in os.environ, "what runs in pods is seen by end2end/kfp; here it is about the terminal")
class Pipelines(Terminal):
    def test_01_sign_in(self):
        who = ["--url", URL, "--user", USER, "--password-stdin"]
        self.slipway("login", *who, "--new-team", "flows", given=PASSWORD + "\n")
        self.assertIn("No pipelines", self.slipway("pipeline", "list"))
        self.assertIn("Usage", self.slipway("pipeline", "--help"))

    def test_02_upload(self):
        self.slipway("pipeline", "upload", "nowhere.yaml", code=2)
        self.assertIn("nowhere.yaml", self.stderr)
        (self.code / "cycle.yaml").write_text(pathlib.Path(compiled("hello")).read_text().replace("name: comp-say", "name: comp-none"))
        self.slipway("pipeline", "upload", "cycle.yaml", code=5)
        self.assertIn("root.dag.tasks.say", self.stderr)
        self.assertIn("hello", self.slipway("pipeline", "upload", compiled("hello")))
        # The same name again is a new version of it.
        self.assertIn("second", self.slipway("pipeline", "upload", compiled("hello"), "--version", "second", "--description", "the same"))
        self.slipway("pipeline", "upload", compiled("hello"), "--version", "second", code=5)
        self.slipway("pipeline", "upload", compiled("nested_artifacts"), "--name", "nested")
        versions = self.json("pipeline", "versions", "hello")["items"]
        self.assertEqual([v["name"] for v in versions], ["second", "hello"])
        self.assertEqual(self.slipway("pipeline", "spec", "hello", "--version", "second").strip(), pathlib.Path(compiled("hello")).read_text().strip())
        self.assertEqual(self.json("pipeline", "show", "hello")["latest"]["name"], "second")
        self.slipway("pipeline", "show", "nothing", code=4)

    def test_03_a_run_in_plain_lines(self):
        self.slipway("pipeline", "run", "nothing", code=4)
        self.slipway("pipeline", "run", code=2)
        self.slipway("pipeline", "run", "hello", "--param", "txt=x", code=5)
        self.assertIn("txt", self.stderr)
        # A text stays one, whatever it looks like.
        said = self.slipway("pipeline", "run", "hello", "--param", "text=005", "--watch").splitlines()
        self.assertFalse([line for line, before in zip(said[1:], said) if line == before], said)
        self.assertRegex(said[0], r"^hello .*: [0-9a-f]{32}$")
        self.assertTrue(any(line.startswith("say: succeeded") for line in said), said)
        self.assertRegex(said[-1], r"^Succeeded, 1 of 1 task, \d+s$")
        run = self.json("pipeline", "runs", "--pipeline", "hello")["items"][0]
        self.assertEqual((run["state"], run["outputs"]["parameters"]), ("succeeded", {"Output": "005"}))
        self.assertIn("005", self.slipway("pipeline", "log", run["id"], "say").splitlines())
        self.assertIn("+ say (succeeded", self.slipway("pipeline", "status", run["id"]))
        self.assertEqual(self.json("pipeline", "status", run["id"])["all_tasks"][0]["state"], "succeeded")
        again = self.slipway("pipeline", "run", "--file", compiled("hello"), "--param", "text=005", "--watch")
        self.assertIn("say: cached", again)
        cached = again.splitlines()[0].split()[-1]
        self.slipway("pipeline", "log", cached, "say")
        self.assertIn(run["id"], self.stderr)

    def test_04_a_run_as_a_tree(self):
        seen = self.seen("pipeline", "run", "nested", "--watch")
        self.assertIn(" of 2 tasks", seen)
        end = seen[seen.rindex("Pipeline run"):]
        for line in ("+ make (succeeded", "└─ + write (succeeded", "[########################] 2 of 2 tasks"):
            self.assertIn(line, end)
        run = self.json("pipeline", "runs", "--pipeline", "nested")["items"][0]["id"]
        self.assertEqual(self.slipway("pipeline", "log", run, "make/write"), self.slipway("pipeline", "log", run, "write"))
        self.slipway("pipeline", "log", run, "make", code=2)
        self.assertIn("make/write", self.stderr)
        self.slipway("pipeline", "log", run, "nothing", code=4)

    def test_05_a_run_that_fails_goes_on(self):
        said = self.slipway("pipeline", "run", "--file", compiled("team_secrets"), "--watch", code=6)
        self.assertIn("use: failed", said)
        self.assertIn("demo-token", self.stderr)
        run = said.splitlines()[0].split()[-1]
        self.slipway("pipeline", "cancel", run, code=5)
        for name, value in (("demo-token", "s3cr3t"), ("demo-salt", "salt")):
            self.slipway("secret", "set", name, given=value + "\n")
        self.assertIn("use: succeeded", self.slipway("pipeline", "retry", run, "--watch"))
        self.slipway("pipeline", "retry", run, code=5)

    def test_06_a_run_that_is_ended(self):
        run = self.json("pipeline", "run", "--file", compiled("canceled"))["id"]
        until = time.monotonic() + 300
        while not any(t["name"] == "sleep" and t["state"] == "running" for t in self.json("pipeline", "status", run)["all_tasks"]):
            self.assertLess(time.monotonic(), until, "it does not begin to sleep")
            time.sleep(0.5)
        self.slipway("pipeline", "cancel", run)
        said = self.slipway("pipeline", "watch", run, code=6)
        self.assertIn("exit-handler-1/sleep: cancelled", said)
        self.assertIn("say: succeeded", said)
        self.assertIn("cancelled", self.stderr)
        self.assertIn("bye", self.slipway("pipeline", "log", run, "say", "--follow").splitlines())

    def test_07_delete(self):
        self.slipway("pipeline", "delete", "hello")
        self.slipway("pipeline", "show", "hello", code=4)
        self.assertEqual([p["name"] for p in self.json("pipeline", "list")["items"]], ["nested"])


if __name__ == "__main__":
    unittest.main()
