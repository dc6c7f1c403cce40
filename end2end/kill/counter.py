"""A run that counts: logs each number as a metric and prints it once it was acknowledged. Standard library only; it waits out a server that is away."""

import json
import os
import sys
import time
import urllib.error
import urllib.request

count, pause = int(sys.argv[1]), float(sys.argv[2])
url = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric"
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
print("begin", os.getpid(), flush=True)
for i in range(1, count + 1):
    body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "count", "value": i, "step": i, "timestamp": int(time.time() * 1000)}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    until = time.monotonic() + 270
    while True:
        try:
            urllib.request.urlopen(request, timeout=10).read()
            break
        except urllib.error.HTTPError as e:
            sys.exit(f"refused: {e.code} {e.read().decode()}")
        except OSError:
            if time.monotonic() > until:
                sys.exit("the server stayed away")
            time.sleep(0.05)
    print("acknowledged", i, flush=True)
    time.sleep(pause)
