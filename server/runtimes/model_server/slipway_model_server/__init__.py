"""Slipway's model server: one MLflow model, served over V1 and Open Inference Protocol V2.

    python -m slipway_model_server --model-dir DIR --name NAME --version V \
        (--unix-socket PATH | --host 127.0.0.1 --port P)

One process serves one version of one model, that lies on disk; nothing is fetched. What a caller sends is
cast by the model's signature, so that the model always gets what it was trained with, and what does not
fit is answered with a sentence that names the column.

    cli        arguments, exit codes           v1  v2        the two dialects: decode, encode
    loading    the model, its signature        casting       values -> what the signature asks for
    signature  what goes in and comes out      answers       what a model returned -> plain values, tensors
    exchange   one request: bytes -> bytes     lanes         in a thread or at once
    examples   bodies to try the model with    smoke         is it loaded, does its example work
    app        the routes                      server        sockets, signals
    metrics    what Prometheus reads           problems      sentences for the caller
"""
