#!/usr/bin/env python3
"""Runs a command against a portal of its own:  scripts/with_portal.py BINARY COMMAND...

The command finds SLIPWAY_URL, SLIPWAY_TOKEN (an editor's), SLIPWAY_TEAM, SLIPWAY_USER and SLIPWAY_PASSWORD (the platform
admin's) and SLIPWAY_BIN. Everything of the portal is gone afterwards; the exit code is the command's.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from portal import Portal, Problem, free_ports, new_password

LIVE = {"queued", "starting", "running", "stopping"}


def main() -> int:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    binary, command = os.path.abspath(sys.argv[1]), sys.argv[2:]
    data = Path(tempfile.mkdtemp(prefix="slipway-test-"))
    user, password, team = "admin", new_password(), "tests"
    portal = Portal(binary, data, free_ports()[0], user, password)
    code = 1
    try:
        api = portal.ready()
        api.call("POST", "/api/v1/session", {"user": user, "password": password})
        api.call("POST", "/api/v1/teams", {"name": team, "display_name": "Tests"})
        token = api.call("POST", "/api/v1/tokens", {"name": "tests", "team": team, "role": "editor", "expires_in": 86400})["token"]
        env = os.environ | {
            "SLIPWAY_URL": portal.url, "SLIPWAY_TOKEN": token, "SLIPWAY_TEAM": team, "SLIPWAY_USER": user,
            "SLIPWAY_PASSWORD": password, "SLIPWAY_BIN": binary, "SLIPWAY_DATA": str(data),
        }
        code = subprocess.run(command, env=env).returncode
        end_workloads(api)
    finally:
        portal.stop()
        if code:
            print(f"The portal's last words:\n{portal.last_words(40)}", file=sys.stderr)
        shutil.rmtree(data, ignore_errors=True)
    return code


def end_workloads(api) -> None:
    """What a test left running would outlive the portal."""
    until = time.monotonic() + 270
    while time.monotonic() < until:
        left = 0
        for team in api.call("GET", "/api/v1/teams?page_size=500")["items"]:
            for noun, verb in (("notebooks", "stop"), ("deployments", "stop"), ("pipeline-runs", "cancel"), ("runs", "cancel")):
                path = f"/api/v1/teams/{team['name']}/{noun}"
                try:
                    items = api.call("GET", f"{path}?page_size=500")["items"]
                except Problem:
                    continue
                for item in items:
                    if item["state"] not in LIVE or noun == "runs" and not item["submitted"]:
                        continue
                    left += 1
                    try:
                        api.call("POST", f"{path}/{item['id' if noun.endswith('runs') else 'name']}/{verb}")
                    except Problem:
                        pass
        if not left:
            return
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
