"""The few calls that bringing a cluster up takes, as its admin. kubectl would do, and take longer to start than to ask."""

import http.client
import json
import ssl
import time

from place import Failed, Place


class Api:
    def __init__(self, place: Place):
        pki = place.folder / "pki"
        self.place = place
        self.tls = ssl.create_default_context(cafile=pki / "ca.crt")
        self.tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    def call(self, method: str, path: str, body=None, content_type: str = "application/json", timeout: float = 60):
        """Status and body; status 0 is nobody there."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = http.client.HTTPSConnection(self.place.address, self.place.port, context=self.tls, timeout=timeout)
        try:
            connection.request(method, path, body, {"Content-Type": content_type, "Accept": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError as error:
            return 0, str(error).encode()
        except http.client.HTTPException as error:
            return 0, repr(error).encode()
        finally:
            connection.close()

    def apply(self, path: str, manifest) -> None:
        """Server-side; YAML as bytes, or an object."""
        status, said = self.call("PATCH", f"{path}?fieldManager=cluster&force=true", manifest, "application/apply-patch+yaml")
        if status not in (200, 201):
            raise Failed(f"{path} was not applied: {status} {said[:500].decode(errors='replace')}")

    def get(self, path: str):
        """The object, or nothing."""
        status, said = self.call("GET", path, timeout=5)
        return json.loads(said) if status == 200 else None

    def ready(self) -> bool:
        status, said = self.call("GET", "/readyz", timeout=5)
        return status == 200 and said == b"ok"

    def wait(self, what: str, good, seconds: float):
        """Asks until it is so; ends early, with the last words of the parts, when the cluster has ended."""
        until = time.monotonic() + seconds
        while True:
            found = good()
            if found:
                return found
            ended = self.place.ended()
            if ended is not None:
                raise Failed(f"A part of the cluster ended while waiting for {what}:\n{ended}")
            if time.monotonic() > until:
                raise Failed(f"{what} took longer than {seconds:.0f} s; the logs are in {self.place.folder}/log")
            time.sleep(0.1)
