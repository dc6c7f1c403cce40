"""What somebody asked the API server for, from its audit log: refused calls, and granted rights that were never used."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator


@dataclass(frozen=True, order=True)
class Call:
    """A kind of call; a path stands for itself where no resource was asked for."""

    verb: str
    group: str
    resource: str
    allowed: bool
    path: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.path or self.resource + (f'.{self.group}' if self.group else '')}"


def calls(log: Path, user: str) -> "dict[Call, int]":
    """How often somebody made each kind of call."""
    found: dict[Call, int] = {}
    for entry in entries(log):
        who = entry.get("impersonatedUser") or entry["user"]
        if who.get("username") != user:
            continue
        call = made(entry)
        found[call] = found.get(call, 0) + 1
        # Applying what is not there yet takes the right to create as well, which the API server looks at without a call of its own.
        if call.verb == "patch" and entry.get("responseStatus", {}).get("code") == 201:
            found.setdefault(replace(call, verb="create"), 0)
    return found


def entries(log: Path) -> Iterator[dict]:
    """Each request once: a watch counts when its answer begins, everything else when it is done."""
    seen = set()
    with open(log) as lines:
        for line in lines:
            if not line.endswith("\n"):
                return  # the API server is at it
            entry = json.loads(line)
            if entry["auditID"] not in seen:
                seen.add(entry["auditID"])
                yield entry


def made(entry: dict) -> Call:
    allowed = entry.get("annotations", {}).get("authorization.k8s.io/decision") != "forbid" and entry.get("responseStatus", {}).get("code") != 401
    about = entry.get("objectRef")
    if not about:
        return Call(entry["verb"], "", "", allowed, entry["requestURI"].split("?")[0])
    resource = about.get("resource", "") + (f"/{about['subresource']}" if about.get("subresource") else "")
    return Call(entry["verb"], about.get("apiGroup", ""), resource, allowed)


def granted(rules: "list[dict]") -> "set[tuple[str, str, str]]":
    """Every verb, group and resource (or path) of a role's rules, one by one."""
    found = set()
    for rule in rules:
        for verb in rule["verbs"]:
            found |= {(verb, group, resource) for group in rule.get("apiGroups", []) for resource in rule.get("resources", [])}
            found |= {(verb, "", path) for path in rule.get("nonResourceURLs", [])}
    return found


def unused(rules: "list[dict]", made: "dict[Call, int]") -> "list[str]":
    """Rights that no call needed. A star is used by any call that it covers."""

    def covers(right: str, asked: str) -> bool:
        return right == asked or (right.endswith("*") and asked.startswith(right[:-1]))

    asked = [(c.verb, c.group, c.resource or c.path) for c in made if c.allowed]
    idle = [r for r in granted(rules) if not any(all(map(covers, r, a)) for a in asked)]
    return sorted(f"{verb} {what}{f'.{group}' if group else ''}" for verb, group, what in idle)


def refused(made: "dict[Call, int]") -> "list[str]":
    return [f"{call} ({times} times)" for call, times in sorted(made.items()) if not call.allowed]
