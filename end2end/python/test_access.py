"""A token opens the API in both forms that MLflow's client knows. The reference has no tokens."""

import os

import pytest
import requests
from conftest import URL

TOKEN = os.environ.get("SLIPWAY_TOKEN")
pytestmark = pytest.mark.skipif(not TOKEN, reason="the server is run without sign-in")


def ask(**how):
    return requests.get(f"{URL}/api/2.0/mlflow/experiments/get?experiment_id=0", timeout=10, **how)


def test_bearer():
    assert ask(headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_basic_with_the_token_as_password():
    assert ask(auth=("anybody", TOKEN)).status_code == 200


@pytest.mark.parametrize("how", [{}, {"headers": {"Authorization": "Bearer wrong"}}, {"auth": ("a", "wrong")}])
def test_nobody(how):
    answer = ask(**how)
    assert answer.status_code == 401
    assert answer.json()["error_code"] == "UNAUTHENTICATED" and answer.json()["message"]
