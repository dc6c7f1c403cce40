"""kill -9 of the server in the midst of roll-outs, of a canary's shares and of the number of replicas, at eight seeded moments.

Somebody asks for predictions all the while. Whatever answered stands in the ledger for that moment, and at every moment the shares there are all of
the traffic.
"""

import json
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime

# After a shift the one before may answer this long, until every router has heard of it.
LATE = 2.0
DIGITS = "/deployments/digits"


class Asker:
    """Asks all the while, and writes down which revision answered, and when it was asked and had answered."""

    def __init__(self, url: str, token: str, body):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        self.answers, self.over = [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.over.wait(0.05):
            asked = time.time()
            try:
                with urllib.request.urlopen(self.request, timeout=20) as answer:
                    answer.read()
                    self.answers.append((asked, time.time(), int(answer.headers["x-slipway-revision"])))
            except OSError:
                # The portal is down just now, or its gateway has not yet found its way.
                time.sleep(0.1)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def moment(text: str | None) -> float:
    return datetime.fromisoformat(text).timestamp() if text else float("inf")


def untold(answers, rows) -> list:
    """Answers of what, as the ledger has it, did not serve then."""
    served = [(r["revision"], moment(r["from"]), moment(r.get("until"))) for r in rows]
    return [a for a in answers if not any(n == a[2] and begun <= a[1] and a[0] <= end + LATE for n, begun, end in served)]


def torn(rows) -> list:
    """Moments at which the shares are not all of the traffic."""
    out = []
    for at in {r["from"] for r in rows}:
        shares = [r["share"] for r in rows if moment(r["from"]) <= moment(at) < moment(r.get("until"))]
        if sum(shares) != 100:
            out.append((at, shares))
    return out


def roll_outs(w, check, version: int) -> None:
    def whole() -> None:
        rows = w.get(f"{DIGITS}/ledger?page_size=500")["items"]
        if torn(rows):
            sys.exit(f"NOT TRUE: at every moment the shares are all of the traffic ({torn(rows)})")

    def asked(path: str, body) -> None:
        w.api.call("PUT", f"{w.team}{DIGITS}{path}", body)

    now = w.get(DIGITS)
    first, example = now["serving"]["number"], w.get(f"{DIGITS}/example")["v1"]
    with Asker(w.api.url + now["predict_path"], w.token, example) as asker:
        w.post(f"{DIGITS}/redeploy", {"version": version})
        w.kill(3, "a roll-out was asked for")
        w.kill(4, "the restart, while it takes over")
        whole()
        w.until(DIGITS, lambda d: d["state"] == "running" and not d.get("next"))
        w.post(f"{DIGITS}/redeploy", {"version": version, "canary": 30})
        w.kill(6, "a canary was asked for")
        whole()
        canary = w.until(DIGITS, lambda d: d["state"] == "running" and d.get("canary"))["canary"]["revision"]["number"]
        asked("/canary", {"percent": 60})
        w.kill(0.5, "its share was changed")
        whole()
        check(w.get(DIGITS)["canary"]["percent"] == 60, "the share that was answered for holds")
        asked("/scale", {"replicas": 2})
        w.kill(2, "more replicas were asked for")
        w.until(DIGITS, lambda d: d["state"] == "running" and d["ready"] == 2)
        asked("/canary", {"percent": 100})
        w.kill(0.5, "the canary took over")
        whole()
        after = w.get(DIGITS)
        check(after["serving"]["number"] == canary and not after.get("canary"), "what was answered for serves")
        w.post(f"{DIGITS}/roll-back", {"to": first})
        w.kill(5, "the way back was asked for")
        w.kill(3, "the restart, while it takes over")
        whole()
        last = w.until(DIGITS, lambda d: d["state"] == "running" and not d.get("next") and d["ready"] == 2)
        time.sleep(1)
    check(last["serving"]["rolled_back_to"] == first, "the way back is the one that serves")
    rows = w.get(f"{DIGITS}/ledger?page_size=500")["items"]
    told, revisions = untold(asker.answers, rows), {a[2] for a in asker.answers}
    check(len(asker.answers) > 100 and len(revisions) > 2, f"{len(asker.answers)} answers of revisions {sorted(revisions)} meanwhile")
    check(not told, f"nothing served that the ledger does not say {told[:5] or ''}".rstrip())
    check(not torn(rows), "at every moment the shares are all of the traffic")
    end = time.monotonic() + 270
    while len(w.supervisors()) != 2 and time.monotonic() < end:
        time.sleep(0.3)
    check(len(w.supervisors()) == 2, "two supervisors are left, one of each replica")
