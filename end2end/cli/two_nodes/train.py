"""Fits a line to points that no process has all of: each node has its own, and after every step all agree on one gradient.

Run it on several nodes (`slipway run submit --nodes 2`): jax forms one group from the variables that every node is given.
"""

import os

import jax

jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize(
    coordinator_address=f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}",
    num_processes=int(os.environ["WORLD_SIZE"]),
    process_id=int(os.environ["RANK"]),
)

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax.experimental import multihost_utils  # noqa: E402

SLOPE, SHIFT, STEPS, RATE = 3.0, -1.0, 200, 0.5

rank, nodes = jax.process_index(), jax.process_count()
# The nodes look at different parts of the line, none of which says where it crosses zero.
x = np.linspace(rank / nodes, (rank + 1) / nodes, 64)
y = SLOPE * x + SHIFT


@jax.jit
def gradient(weights):
    return jax.grad(lambda w: jnp.mean((w[0] * x + w[1] - y) ** 2))(weights)


weights = jnp.zeros(2)
for _ in range(STEPS):
    everybodys = multihost_utils.process_allgather(gradient(weights))
    weights = weights - RATE * jnp.asarray(everybodys).mean(axis=0)

seen = multihost_utils.process_allgather(np.array([rank], dtype=np.int32)).ravel().tolist()
print(f"node {rank} of {nodes} has heard of {seen}", flush=True)
print(f"slope {float(weights[0]):.3f}, shift {float(weights[1]):.3f}", flush=True)
