# The image of a shipped environment: Python and the packages of its lock. Nothing of Slipway is in it: the supervisor is copied into each pod.
#
#   docker build -f deploy/docker/environment.Dockerfile --build-arg NAME=train -t registry.example.org/slipway-train:VERSION .
#
# NAME is notebook, train or serve. One of your own is made alike, from any image with Python.

FROM python:3.11-slim-bookworm
ARG NAME
COPY server/runtimes/environments/$NAME.lock /tmp/requirements.txt
RUN python3 -m venv /opt/environment && \
    /opt/environment/bin/pip install --no-cache-dir --no-deps --require-hashes -r /tmp/requirements.txt && \
    rm /tmp/requirements.txt && \
    { getent passwd 1000 || useradd --uid 1000 --user-group --create-home slipway; }
ENV PATH=/opt/environment/bin:/usr/local/bin:/usr/bin:/bin VIRTUAL_ENV=/opt/environment HOME=/home/slipway LANG=C.UTF-8
USER 1000:1000
WORKDIR /home/slipway
CMD ["python3"]
