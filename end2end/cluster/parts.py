"""The command line and the configuration of each part. JSON is YAML, so that is what they get."""

import json
from pathlib import Path

from place import HERE, Place


def written(place: Place, name: str, content) -> Path:
    path = place.folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    return path


def etcd(place: Place) -> list:
    # Sockets are named from the cluster's folder, where every part runs: a long path of a socket would not do. What is advertised
    # has to be a host and a port; nobody dials it where there is one member.
    return [
        "etcd", "--name=etcd-1", f"--data-dir={place.folder}/etcd", "--log-level=warn", "--unsafe-no-fsync",
        "--listen-client-urls=unix://etcd.sock", "--listen-peer-urls=unix://peer.sock",
        "--advertise-client-urls=http://localhost:2379", "--initial-advertise-peer-urls=http://localhost:2380",
        "--initial-cluster=etcd-1=http://localhost:2380",
    ]  # fmt: skip


def kube_apiserver(place: Place) -> list:
    pki = place.folder / "pki"
    words = [
        "kube-apiserver", "--etcd-servers=unix://etcd.sock",
        f"--bind-address={place.address}", f"--advertise-address={place.address}", f"--secure-port={place.port}",
        f"--tls-cert-file={pki}/apiserver.crt", f"--tls-private-key-file={pki}/apiserver.key", f"--client-ca-file={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt", f"--kubelet-client-key={pki}/apiserver-kubelet-client.key",
        f"--kubelet-certificate-authority={pki}/ca.crt", "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki}/sa.pub", f"--service-account-signing-key-file={pki}/sa.key",
        f"--proxy-client-cert-file={pki}/front-proxy-client.crt", f"--proxy-client-key-file={pki}/front-proxy-client.key",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt", "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-", f"--service-cluster-ip-range={place.services}.0/24",
    ]  # fmt: skip
    if not place.node:
        words.append("--endpoint-reconciler-type=none")  # loopback cannot be an endpoint
    if place.impatient:
        words += ["--default-not-ready-toleration-seconds=5", "--default-unreachable-toleration-seconds=5"]
    if place.audit:
        words += [f"--audit-policy-file={HERE}/audit.yaml", f"--audit-log-path={place.folder}/log/audit.log"]
    return words


def kube_controller_manager(place: Place) -> list:
    pki = place.folder / "pki"
    return [
        "kube-controller-manager", f"--kubeconfig={place.kubeconfig('controller-manager')}", "--leader-elect=false", "--secure-port=0",
        "--use-service-account-credentials", f"--service-account-private-key-file={pki}/sa.key", f"--root-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt", f"--cluster-signing-key-file={pki}/ca.key",
        *(["--node-monitor-grace-period=8s", "--node-monitor-period=1s"] if place.impatient else []),
    ]  # fmt: skip


def kube_scheduler(place: Place) -> list:
    return ["kube-scheduler", f"--kubeconfig={place.kubeconfig('scheduler')}", "--leader-elect=false", "--secure-port=0"]


def containerd(place: Place) -> list:
    config = written(place, "containerd.toml", """version = 2
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs", "io.containerd.tracing.processor.v1.otlp"]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "slipway.test/pause:1"
  disable_apparmor = true
  restrict_oom_score_adj = true # lowering it needs CAP_SYS_RESOURCE, which root in a virtual machine may lack
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/run/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
""")  # fmt: skip
    return ["containerd", "--config", str(config), "--log-level", "warn"]


def pod_network(place: Place) -> dict:
    """Each pod has a link of its own to the node, which routes: Services work among pods without a kernel module for bridges."""
    subnet = {"subnet": f"{place.pods}.0/24"}
    address = {"type": "host-local", "ranges": [[subnet]], "routes": [{"dst": "0.0.0.0/0"}]}
    plugins = [{"type": "ptp", "ipam": address}, {"type": "portmap", "capabilities": {"portMappings": True}}]
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": plugins}


def kubelet(place: Place, cgroup_v2: bool) -> list:
    pki = place.folder / "pki"
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "address": place.address, "healthzPort": 0,
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}, "x509": {"clientCAFile": f"{pki}/ca.crt"}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{pki}/kubelet.crt", "tlsPrivateKeyFile": f"{pki}/kubelet.key",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{place.name}", "failCgroupV1": cgroup_v2, "failSwapOn": False,
        "clusterDomain": "cluster.local", "clusterDNS": [place.address], "resolvConf": "",
        # A quarter of it is the time between two signs of life.
        "nodeLeaseDurationSeconds": 8 if place.impatient else 40,
        # A test machine's full disk is no reason to evict.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
    }  # fmt: skip
    path = written(place, "kubelet.json", config)
    return ["kubelet", f"--config={path}", f"--kubeconfig={place.kubeconfig('kubelet')}", f"--node-ip={place.address}", "--hostname-override=node-1"]


def kube_proxy(place: Place) -> list:
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
        "mode": "iptables", "iptables": {"localhostNodePorts": False, "minSyncPeriod": "0s"},
        "bindAddress": place.address, "healthzBindAddress": "", "metricsBindAddress": "",
        "clientConnection": {"kubeconfig": str(place.kubeconfig("kube-proxy"))},
        "clusterCIDR": f"{place.pods}.0/24", "detectLocalMode": "ClusterCIDR", "hostnameOverride": "node-1",
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }  # fmt: skip
    return ["kube-proxy", f"--config={written(place, 'kube-proxy.json', config)}"]


def coredns(place: Place) -> list:
    corefile = written(place, "Corefile", f""".:53 {{
  bind {place.address}
  errors
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {place.kubeconfig()}
  }}
  cache 5
}}
""")  # fmt: skip
    return [str(place.binaries / "coredns"), "-conf", str(corefile)]


def volumes(place: Place) -> list:
    return ["volumes", f"--kubeconfig={place.kubeconfig()}", f"--folder={place.folder}/volumes"]
