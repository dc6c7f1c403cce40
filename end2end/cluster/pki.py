"""The cluster's authorities, everybody's certificates, and kubeconfigs. Made by openssl."""

import base64
import json
import subprocess
from pathlib import Path

from place import Place

DAYS = "365"
USES = """keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""  # clients that verify strictly want the identifiers


def openssl(*words, **more) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, **more)


def authority(pki: Path, name: str) -> None:
    extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"]
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", pki / f"{name}.key",
        "-subj", f"/CN={name}", "-days", DAYS, "-out", pki / f"{name}.crt", *(w for e in extensions for w in ("-addext", e)),
    )  # fmt: skip


def certificate(pki: Path, name: str, subject: str, names: str = "", ca: str = "ca") -> None:
    request, uses = pki / f"{name}.csr", pki / f"{name}.ext"
    uses.write_text(USES + (f"subjectAltName={names}\n" if names else ""))
    openssl(
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", pki / f"{name}.key",
        "-subj", subject, "-out", request,
    )  # fmt: skip
    openssl(
        "x509", "-req", "-in", request, "-CA", pki / f"{ca}.crt", "-CAkey", pki / f"{ca}.key", "-CAcreateserial",
        "-days", DAYS, "-out", pki / f"{name}.crt", "-extfile", uses,
    )  # fmt: skip
    request.unlink()
    uses.unlink()


def kubeconfig(place: Place, user: str) -> Path:
    pki = place.folder / "pki"

    def data(file: str) -> str:
        return base64.b64encode((pki / file).read_bytes()).decode()

    path = place.kubeconfig(user)
    path.touch(0o600)
    # JSON is YAML.
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": place.url, "certificate-authority-data": data("ca.crt")}}],
        "users": [{"name": user, "user": {"client-certificate-data": data(f"{user}.crt"), "client-key-data": data(f"{user}.key")}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
    }, indent=1))  # fmt: skip
    return path


def user(place: Place, name: str, groups: "list[str]") -> Path:
    """A kubeconfig for somebody; what they may is for RBAC to say."""
    subject = "".join(f"/O={group}" for group in groups) + f"/CN={name}"
    certificate(place.folder / "pki", name, subject)
    return kubeconfig(place, name)


def make(place: Place) -> None:
    """Everything the parts need to know each other. A folder that has it keeps it."""
    pki = place.folder / "pki"
    if not (pki / "sa.pub").exists():
        pki.mkdir(parents=True, exist_ok=True)
        place.folder.chmod(0o700)
        in_cluster = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
        names = ["DNS:localhost", *(f"DNS:{n}" for n in in_cluster), "IP:127.0.0.1", f"IP:{place.address}", f"IP:{place.services}.1"]
        authority(pki, "ca")
        certificate(pki, "apiserver", "/CN=kube-apiserver", ",".join(names))
        certificate(pki, "admin", "/O=system:masters/CN=admin")
        certificate(pki, "controller-manager", "/CN=system:kube-controller-manager")
        certificate(pki, "scheduler", "/CN=system:kube-scheduler")
        certificate(pki, "apiserver-kubelet-client", "/O=system:masters/CN=apiserver-kubelet-client")
        # For aggregated APIs.
        authority(pki, "front-proxy-ca")
        certificate(pki, "front-proxy-client", "/CN=front-proxy-client", ca="front-proxy-ca")
        certificate(pki, "kubelet", "/O=system:nodes/CN=system:node:node-1", f"DNS:node-1,IP:{place.address}")
        certificate(pki, "kube-proxy", "/CN=system:kube-proxy")
        openssl("genrsa", "-out", pki / "sa.key", "2048")
        openssl("rsa", "-in", pki / "sa.key", "-pubout", "-out", pki / "sa.pub")
    # Written each time: the port may be another one.
    for name in ("admin", "controller-manager", "scheduler", "kubelet", "kube-proxy"):
        kubeconfig(place, name)
