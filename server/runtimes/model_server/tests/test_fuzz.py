"""Whatever callers send to a sound model, it is never the server that fails: 200 or a 4xx with a sentence."""

import json
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

ODD = [
    None, True, False, 0, 1, -1, 2**31, 2**63 - 1, 2**64 - 1, 10**25, 1.5, -0.0, 1e308, "", "x", "1", "ü",
    "2026-01-01", "9999999-01-01", "AAE=", {}, [], [[]], {"b64": "AA=="}, {"b64": 5}, [1, [2]], {"a": 1},
]  # fmt: skip


NAMES = ["a", "inputs", "instances", "params", "outputs", "id", "parameters", ""]


def mutated(value, dice: random.Random):
    if dice.random() < 0.12:
        return dice.choice(ODD)
    if isinstance(value, dict):
        made = {key: mutated(item, dice) for key, item in value.items() if dice.random() > 0.05}
        if dice.random() < 0.05:
            made[dice.choice(NAMES)] = dice.choice(ODD)
        return made
    if isinstance(value, list):
        made = [mutated(item, dice) if dice.random() < 0.3 else item for item in value if dice.random() > 0.03]
        return made + [dice.choice(ODD)] if dice.random() < 0.05 else made
    return value


@pytest.mark.parametrize("name", ["tensor", "columns", "bare", "kinds", "named_tensors", "hinted"])
def test_no_request_makes_the_server_fail(folders, name):
    from slipway_model_server import examples
    from slipway_model_server.exchange import Exchange
    from slipway_model_server.loading import load
    from slipway_model_server.metrics import Metrics

    model = load(folders(name), name, "1")
    exchange, example, dice = Exchange(model, Metrics(name)), examples.of(model), random.Random(name)
    seen = set()
    for _ in range(400):
        for answer_to, body in ((exchange.v1, example.v1), (exchange.v2, example.v2)):
            sent = json.dumps(mutated(body, dice)).encode()
            answer = answer_to(sent)
            assert answer.status in (200, 400), (sent, answer.body)
            assert json.loads(answer.body)
            seen.add(answer.status)
    assert seen == {200, 400}
