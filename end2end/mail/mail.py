"""Mails through a real SMTP server that asks for a password:  mail.py BINARY

Addresses and choices, tests, who is told of a promotion, a mail server that is away while the portal is killed, one that says nothing, and what
`slipway doctor` says.
"""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "scripts"))
from portal import Api, Portal, Problem, free_ports, new_password  # noqa: E402

FROM, USER, PASSWORD = "slipway@example.org", "slipway", "p@ss w0rd"
CHOICES = "/api/v1/me/notice-choices"
ALL = ["promotion_waiting", "promotion_ended", "run_failed", "deployment_unhealthy", "notebook_stopped"]


class Box:
    """What came, as (addresses of the envelope, message)."""

    def __init__(self):
        self.came = []

    async def handle_DATA(self, _server, _session, envelope):
        self.came.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 taken"

    def next(self, seconds: float = 60):
        """The next one; an error where none comes."""
        until = time.monotonic() + seconds
        while not self.came:
            if time.monotonic() > until:
                raise SystemExit("no mail came")
            time.sleep(0.05)
        return self.came.pop(0)


def known(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


def mail_server(box: Box, port: int) -> Controller:
    server = Controller(box, hostname="127.0.0.1", port=port, auth_required=True, auth_require_tls=False, authenticator=known)
    server.start()
    return server


def same(what, wanted):
    if what != wanted:
        raise SystemExit(f"{what!r}, and not {wanted!r}")


def refused(status: int, call):
    try:
        call()
    except Problem as problem:
        same(problem.status, status)
        return str(problem)
    raise SystemExit(f"not refused with {status}")


def wait(problem: str, done, seconds: float = 270):
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise SystemExit(problem)
        time.sleep(0.2)


def waiting(data: Path) -> int:
    """Mails on their way."""
    with closing(sqlite3.connect(data / "slipway.db")) as db:
        return db.execute("SELECT COUNT(*) FROM mails").fetchone()[0]


def doctor(binary: str, data: Path, env: dict) -> tuple[int, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_")}
    listen = ["--listen", f"127.0.0.1:{free_ports()[0]}"]
    done = subprocess.run([binary, "doctor", *listen, "--data", str(data)], env=clean | env, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if "mail server" in line]
    return done.returncode, "\n".join(lines)


def main() -> int:
    binary, data, port = os.path.abspath(sys.argv[1]), Path(tempfile.mkdtemp(prefix="slipway-mail-")), free_ports()[0]
    smtp, admin = free_ports()[0], new_password()
    env = {"SLIPWAY_SMTP_URL": f"smtp://{USER}:p%40ss%20w0rd@127.0.0.1:{smtp}", "SLIPWAY_MAIL_FROM": f"Slipway <{FROM}>"}
    box = Box()
    server = mail_server(box, smtp)
    start = lambda: Portal(binary, data, port, "admin", admin, env)  # noqa: E731
    portal = start()
    try:
        root = portal.ready()

        def person(name: str, secret: str) -> Api:
            api = Api(portal.url)
            api.call("POST", "/api/v1/session", {"user": name, "password": secret})
            return api

        root.call("POST", "/api/v1/session", {"user": "admin", "password": admin})
        secret = new_password()
        for name in ("ada", "mia"):
            root.call("POST", "/api/v1/users", {"name": name, "password": secret})
        ada, mia = person("ada", secret), person("mia", secret)
        mia.call("POST", "/api/v1/teams", {"name": "forecast", "display_name": "Forecast"})
        mia.call("PUT", "/api/v1/teams/forecast/members/ada", {"role": "editor"})
        mia.call("PUT", "/api/v1/teams/forecast/stages/Production", {"gates": [], "approvals": 1, "protect": True})

        refused(422, lambda: ada.call("PUT", CHOICES, {"portal": ALL, "mail": ALL, "address": "ada"}))
        refused(409, lambda: ada.call("POST", f"{CHOICES}/test", {}))
        for api, name in ((ada, "ada"), (mia, "mia")):
            chosen = api.call("PUT", CHOICES, {"portal": ALL, "mail": ALL, "address": f"{name}@example.org"})
            same(chosen["mail"], {"address": f"{name}@example.org"})
        ada.call("POST", f"{CHOICES}/test", {})
        to, mail = box.next()
        same((to, mail["from"], mail["to"]), (["ada@example.org"], f"Slipway <{FROM}>", "ada@example.org"))

        token = ada.call("POST", "/api/v1/tokens", {"name": "t", "team": "forecast", "role": "editor"})["token"]
        script = Api(portal.url, token)
        mlflow = lambda call, body: script.call("POST", f"/api/2.0/mlflow/{call}", body)  # noqa: E731
        run = mlflow("runs/create", {"experiment_id": "0"})["run"]["info"]
        mlflow("registered-models/create", {"name": "churn"})
        for _ in range(2):
            mlflow("model-versions/create", {"name": "churn", "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]})

        def asked(version: int) -> str:
            ask = {"model": "churn", "version": version, "stage": "Production"}
            return ada.call("POST", "/api/v1/teams/forecast/promotions", ask)["id"]

        first = asked(1)
        to, mail = box.next()
        same((to, mail["subject"]), (["mia@example.org"], "churn v1 to Production waits for your approval"))
        text = mail.get_content()
        assert f"{portal.url}/teams/forecast/promotions/{first}" in text and f"{portal.url}/account" in text, text
        same((mail.get_content_type(), mail["message-id"].endswith("@example.org>")), ("text/plain", True))
        say = {"comment": "Zu groß: 100 €"}
        mia.call("POST", f"/api/v1/teams/forecast/promotions/{first}/refuse", say)
        to, mail = box.next()
        same((to, mail["subject"]), (["ada@example.org"], "churn v1 to Production was refused by mia"))
        assert say["comment"] in mail.get_content(), mail.get_content()

        # Who does not choose it is not written to; the portal still tells.
        ada.call("PUT", CHOICES, {"portal": ALL, "mail": [], "address": "ada@example.org"})
        second = asked(2)
        same(box.next()[0], ["mia@example.org"])
        mia.call("POST", f"/api/v1/teams/forecast/promotions/{second}/refuse", {})
        # Who is told is decided a moment after: by what is chosen then.
        wait("the portal does not tell ada", lambda: any("churn v2" in n["title"] for n in ada.call("GET", "/api/v1/me/notices")["items"]))
        ada.call("PUT", CHOICES, {"portal": ALL, "mail": ALL, "address": "ada@example.org"})

        # The mail server is away while the portal is killed: what was to be sent is sent when both are back.
        code, found = doctor(binary, data, env)
        assert found.startswith("ok"), (code, found)
        code, found = doctor(binary, data, env | {"SLIPWAY_SMTP_URL": f"smtp://{USER}:wrong@127.0.0.1:{smtp}"})
        assert code == 1 and "check user and password in smtp_url" in found, (code, found)
        server.stop()
        code, found = doctor(binary, data, env)
        assert code == 1 and found.startswith("error") and PASSWORD not in found, (code, found)
        third = asked(1)
        wait("that the mail was not taken is not said", lambda: "problem" in mia.call("GET", CHOICES)["mail"])
        mia.call("POST", f"/api/v1/teams/forecast/promotions/{third}/refuse", {})
        wait("that the mail to ada was not taken is not said", lambda: "problem" in ada.call("GET", CHOICES)["mail"])
        mia.call("DELETE", "/api/v1/teams/forecast/members/ada")
        assert f"127.0.0.1:{smtp} cannot be reached" in refused(502, lambda: mia.call("POST", f"{CHOICES}/test", {}))
        portal.process.kill()
        portal.process.wait()
        same(box.came, [])
        server = mail_server(box, smtp)
        portal = start()
        portal.ready()
        to, mail = box.next()
        same((to, mail["subject"]), (["mia@example.org"], "churn v1 to Production waits for your approval"))
        wait("that the mail was taken at last is not said", lambda: "problem" not in mia.call("GET", CHOICES)["mail"])
        # Whoever left the team meanwhile is not written to.
        wait("a mail is left", lambda: waiting(data) == 0)
        same(box.came, [])

        # A server that takes connections and says nothing holds nothing up.
        server.stop()
        with socket.create_server(("127.0.0.1", smtp)):
            assert "did not answer within" in refused(502, lambda: mia.call("POST", f"{CHOICES}/test", {}))
        server = mail_server(box, smtp)

        # Ten tests an hour.
        for _ in range(10):
            ada.call("POST", f"{CHOICES}/test", {})
            same(box.next()[0], ["ada@example.org"])
        refused(429, lambda: ada.call("POST", f"{CHOICES}/test", {}))
        mia.call("POST", f"{CHOICES}/test", {})
        same(box.next()[0], ["mia@example.org"])

        said = portal.log.read_text(errors="replace")
        assert PASSWORD not in said and "p%40ss" not in said, "the password of the mail server is in the log"
        print("mail: addresses and choices, tests, promotions, a mail server that was away while the portal was killed, one that says nothing")
    except BaseException:
        print(f"The portal's last words:\n{portal.last_words(40)}", file=sys.stderr)
        raise
    finally:
        portal.stop()
        server.stop()
        shutil.rmtree(data, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
