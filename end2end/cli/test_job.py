"""The main job through the command line: sign in, notebook, run, model, deployment, prediction; and every exit code.

    scripts/with_portal.py BINARY python3 -m unittest discover -s end2end/cli -v

Standard library only; terminal.py says what it finds.
"""

import json
import os
import pathlib
import shutil
import stat
import time
import unittest

from terminal import PASSWORD, URL, USER, Terminal

TRAIN = pathlib.Path(__file__).resolve().parents[2] / "server/runtimes/demo/train.py"
TWO_NODES = pathlib.Path(__file__).resolve().parent / "two_nodes"


class Job(Terminal):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        shutil.copy(TRAIN, cls.code)
        (cls.code / "bad.py").write_text("print('about to fail')\nraise SystemExit(3)\n")
        (cls.code / ".gitignore").write_text("*.bin\n")
        (cls.code / "large.bin").write_bytes(os.urandom(1 << 20))

    def test_01_sign_in(self):
        self.slipway("run", "list", code=3)
        self.slipway("login", "--url", URL, code=2)  # nobody to ask
        who = ["--url", URL, "--user", USER, "--password-stdin"]
        self.slipway("login", *who, given="wrong\n", code=3)
        self.slipway("login", *who, "--new-team", "cli", given=PASSWORD + "\n")
        kept = self.home / ".config/slipway/credentials.toml"
        self.assertEqual(stat.S_IMODE(kept.stat().st_mode), 0o600)
        self.assertNotIn(PASSWORD, kept.read_text())
        self.assertEqual(self.json("member", "list")["items"][0]["role"], "maintainer")
        # A kept token goes to no other portal, and a portal that is away is told.
        self.slipway("run", "list", "--url", "http://127.0.0.1:9", code=3)
        self.slipway("run", "list", "--url", "http://127.0.0.1:9", code=7, SLIPWAY_TOKEN="slip_x", SLIPWAY_TEAM="cli")

    def test_02_usage(self):
        self.slipway("run", "submit", code=2)
        self.slipway("run", "show", "0" * 32, code=4)
        self.slipway("run", "list", "--filter", "this is no filter", code=5)
        self.slipway("team", "list", "--team", "foreign", code=3)
        for noun in "team user member token secret environment notebook run experiment model deployment quota".split():
            self.assertIn("Usage", self.slipway(noun, "--help"))
        for noun in "notebook run deployment environment".split():
            self.assertIn("--follow", self.slipway(noun, "log", "--help"))

    def test_03_secrets_and_tokens(self):
        self.slipway("secret", "set", "hush", given="very quiet\n")
        listed = self.slipway("secret", "list", "--output", "json")
        self.assertIn("hush", listed)
        self.assertNotIn("very quiet", listed)
        token = self.slipway("token", "create", "reader", "--expires-in", "1h").strip()
        self.assertTrue(token.startswith("slip_"))
        mine = {"SLIPWAY_URL": URL, "SLIPWAY_TOKEN": token}
        self.slipway("notebook", "list", **mine)
        self.slipway("notebook", "launch", "forbidden", code=5, **mine)
        made = next(t for t in self.json("token", "list")["items"] if t["name"] == "reader")
        self.slipway("token", "revoke", made["id"])
        self.slipway("notebook", "list", code=3, **mine)

    def test_03_what_takes_a_person(self):
        self.slipway("user", "create", "grace", "--password-stdin", given=f"{PASSWORD}\nlong enough for her\n")
        listed = self.json("user", "list", "--password-stdin", given=PASSWORD + "\n")["items"]
        self.assertIn("grace", [u["name"] for u in listed])
        changed = self.json("user", "change", "grace", "--disabled", "true", "--password-stdin", given=PASSWORD + "\n")
        self.assertTrue(changed["disabled"])
        self.slipway("user", "list", "--password-stdin", given="wrong\n", code=3)
        quota = self.json("quota", "set", "--gpu", "1", "--password-stdin", given=PASSWORD + "\n")
        self.assertEqual(quota["gpus"], 1)
        self.assertNotIn("gpus", self.json("quota", "set", "--password-stdin", given=PASSWORD + "\n"))

    def test_04_environments(self):
        for name in ("notebook", "train", "serve"):
            self.slipway("environment", "show", name, "--watch")
        self.assertEqual(len(self.json("environment", "list")["items"]), 3)

    def test_05_notebook(self):
        self.slipway("notebook", "launch", "first", "--cpu", "250m", "--memory", "512Mi", "--watch")
        self.assertIn("/notebook/cli/first/", self.slipway("notebook", "open", "first"))
        self.slipway("notebook", "launch", "first", code=5)
        self.assertTrue(self.slipway("notebook", "log", "first"))
        self.slipway("notebook", "stop", "first", "--watch")
        self.slipway("notebook", "resize", "first", "--cpu", "500m", "--memory", "256Mi")
        self.assertEqual(self.json("notebook", "show", "first")["resources"]["cpu_millis"], 500)
        self.slipway("notebook", "delete", "first", "--files")

    def test_06_a_run_that_fails(self):
        said = self.slipway("run", "submit", "--env", "train", "--cpu", "250m", "--memory", "512Mi", "--watch", "--", "python", "bad.py", code=6)
        self.assertIn("about to fail", said)
        self.assertIn("3 files", self.stderr)  # what .gitignore names stays here
        self.assertIn("code 3", self.stderr)

    @unittest.skipIf("TEST_CLUSTER" in os.environ, "in pods jax would have to be in an image; nodes that talk there are in server/tests/cluster")
    def test_06_a_run_on_two_nodes_that_talk(self):
        (self.home / "requirements.txt").write_text("jax==0.10.2\n")
        self.slipway("environment", "create", "jax", "-f", str(self.home / "requirements.txt"), "--watch")
        size = ["--cpu", "250m", "--memory", "1Gi", "--nodes", "2"]
        said = self.slipway("run", "submit", "--env", "jax", *size, "--name", "two", "--code", str(TWO_NODES), "--watch", "--", "python", "train.py")
        self.assertIn("node 0 of 2 has heard of [0, 1]", said)
        run = next(r for r in self.json("run", "list")["items"] if r["name"] == "two")
        second = self.slipway("run", "log", run["id"], "--node", "1")
        self.assertIn("node 1 of 2 has heard of [0, 1]", second)
        for log in (said, second):
            self.assertIn("slope 3.000, shift -1.000", log)
        self.assertEqual(self.json("run", "show", run["id"])["submission"]["nodes"], 2)
        self.slipway("run", "log", run["id"], "--node", "2", code=5)

    def test_06_a_run_on_two_nodes_of_which_one_fails(self):
        self.slipway(
            "run", "submit", "--env", "train", "--cpu", "100m", "--memory", "128Mi", "--nodes", "2", "--name", "half", "--no-code", "--watch",
            "--", "sh", "-c", "test $RANK = 0 || exit 4; sleep 600", code=6,
        )
        self.assertIn("Node 1 exited with code 4", self.stderr)
        run = next(r for r in self.json("run", "list")["items"] if r["name"] == "half")
        self.assertIn("Ended with exit code 4", self.slipway("run", "log", run["id"]))
        self.assertIn("Node 1", self.slipway("run", "why", run["id"]))
        self.slipway("run", "submit", "--env", "train", "--nodes", "65", "--no-code", "--", "true", code=5)

    def test_07_a_run_that_trains(self):
        self.slipway(
            "run", "submit", "--env", "train", "--cpu", "500m", "--memory", "1Gi", "--experiment", "digits",
            "--param", "epochs=8", "--secret", "HUSH=hush", "--watch", "--", "python", "train.py",
        )
        run = self.json("run", "list", "--experiment", "digits", "--filter", "metrics.val_accuracy > 0.5")["items"][0]
        self.assertEqual(run["state"], "succeeded")
        Job.run_id = run["id"]
        self.assertIn("epoch   8/8", self.slipway("run", "log", run["id"]))
        curves = {s["key"]: s for s in self.json("run", "metrics", run["id"])}
        self.assertEqual(curves["loss"]["total"], 8)
        self.assertIn("model/MLmodel", self.slipway("run", "artifacts", run["id"]))
        self.slipway("run", "download", run["id"], "model", "--to", str(self.home / "files"))
        self.assertTrue((self.home / "files/model/MLmodel").is_file())

    def test_08_model(self):
        version = self.json("model", "register", "digits", "--run", Job.run_id)
        self.assertEqual((version["version"], version["lineage"]["run_id"]), (1, Job.run_id))
        self.slipway("model", "alias", "digits", "champion", "1")
        self.assertEqual(self.json("model", "list")["items"][0]["aliases"], {"champion": 1})
        self.slipway("model", "versions", "nothing", code=4)
        self.slipway("model", "describe", "digits", "reads digits")
        self.slipway("model", "tag", "digits", "stage=try", "--version", "1")
        self.assertEqual(self.json("model", "list")["items"][0]["description"], "reads digits")
        self.assertEqual(self.json("model", "show", "digits")["tags"]["stage"], "try")

    def test_08_promotion(self):
        self.slipway("model", "alias", "digits", "production", "1", code=5)
        self.assertIn("slipway promotion request", self.stderr)
        check = "import json, mlflow, os; m = mlflow.pyfunc.load_model(os.environ['SLIPWAY_VERSION_DIR']); print(json.dumps({'detail': 'Read ' + m.metadata.model_uuid}))"
        gates = ["signature", "smoke", "val_accuracy >= 0.5", "no worse val_accuracy maximize", f'script reads in train within 300 s: python -c "{check}"']
        self.slipway("stage", "set", "production", *(word for gate in gates for word in ("--gate", gate)))
        self.slipway("stage", "set", "production", "--gate", "nonsense", code=2)
        asked = self.slipway("promotion", "request", "digits", "--comment", "The first.", "--watch", "--output", "json").splitlines()
        done = json.loads(asked[-1])
        self.assertEqual((done["state"], [g["state"] for g in done["gates"]]), ("promoted", ["passed"] * 5), done)
        self.assertIn("answered its own example in", done["gates"][1]["detail"])
        self.assertTrue(done["gates"][1]["evidence"]["loaded"])
        self.assertIn("Read ", done["gates"][4]["detail"])
        self.assertEqual(self.json("model", "list")["items"][0]["aliases"], {"champion": 1, "production": 1})
        self.assertIn("latency_ms", self.slipway("promotion", "log", done["id"]))
        self.assertIn("Read ", self.slipway("promotion", "log", done["id"], "--gate", "5"))
        self.slipway("promotion", "request", "digits", code=5)  # it is there already
        self.slipway("stage", "set", "staging", "--gate", "val_accuracy >= 2")
        self.slipway("promotion", "request", "digits", "--stage", "staging", "--watch", code=6)
        self.assertIn("val_accuracy at least 2", self.stderr)
        self.assertIn("Refused", self.slipway("promotion", "list", "--model", "digits"))
        self.slipway("promotion", "withdraw", done["id"], code=5)
        # Who asked is told how both ended, a moment later.
        told, until = [], time.monotonic() + 120
        while len(told) < 2 and time.monotonic() < until:
            told = [n for n in self.json("notice", "list")["items"] if n["kind"] == "promotion_ended"]
            time.sleep(0.1)
        self.assertEqual([n["title"] for n in told], ["digits v1 to Staging was refused", "digits v1 to Production was promoted"])
        self.assertEqual(self.json("notice", "read", str(told[0]["id"]))["unread"], len(self.json("notice", "list")["items"]) - 1)
        self.assertIn("Nothing waits to be read.", self.slipway("notice", "read"))
        me = {"given": PASSWORD + "\n"}
        sign = ["--user", USER, "--password-stdin"]
        self.slipway("notice", "choose", "promotion_ended", *sign, code=2, **me)
        self.assertIn("This portal sends no mail", self.slipway("notice", "choose", "promotion_ended", "--portal", "false", *sign, **me))
        silent = [c["kind"] for c in self.json("notice", "choices", *sign, **me)["choices"] if not c["portal"]]
        self.assertEqual(silent, ["promotion_ended"])
        self.slipway("notice", "address", "ada@example.org", *sign, code=5, **me)

    def test_09_deployment(self):
        self.slipway("deployment", "create", "digits", "--model", "digits", "--cpu", "250m", "--memory", "768Mi", "--watch")
        self.assertEqual(len(json.loads(self.slipway("deployment", "predict", "digits"))["predictions"]), 3)
        self.slipway("deployment", "predict", "digits", "--data", '{"instances": [[1, 2]]}', code=5)
        self.slipway("deployment", "predict", "digits", "--data", "no json", code=2)
        self.slipway("deployment", "redeploy", "digits", "--version", "1", "--watch")
        self.assertIn("2", self.slipway("deployment", "revisions", "digits"))
        self.slipway("deployment", "log", "digits")
        self.slipway("deployment", "stop", "digits", "--watch")
        self.slipway("deployment", "delete", "digits")

    def test_10_the_rest_of_what_one_may_look_at(self):
        self.slipway("quota", "show")
        self.slipway("capacity")
        self.slipway("experiment", "list")
        kinds = {e["kind"] for e in self.json("events", "--limit", "500")["items"]}
        self.assertLessEqual({"team", "token", "secret", "notebook", "run", "deployment"}, kinds)

    def test_10_what_clean_up_keeps(self):
        self.slipway("run", "delete", Job.run_id)
        item = next(i for i in self.json("clean-up")["items"] if i["item"] == f"run:{Job.run_id}")
        self.assertIn("digits v1 was registered from it", item["kept"])
        self.assertGreater(item["bytes"], 0)
        self.assertIn("kept: digits v1", self.slipway("clean-up", "--only", item["item"], "--yes"))
        self.assertIn(item["item"], {i["item"] for i in self.json("clean-up")["items"]})
        self.slipway("clean-up", "--only", "run:none", code=2)

    def test_11_sign_out(self):
        self.slipway("logout")
        self.slipway("run", "list", code=3)


if __name__ == "__main__":
    unittest.main()
