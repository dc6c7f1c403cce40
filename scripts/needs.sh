#!/usr/bin/env bash
# What building, the demo, the tests and the Kubernetes cluster for tests need from the system:  scripts/needs.sh build|demo|bench|test|cluster|install
# As root on Debian, packages that are missing are installed. Otherwise each is named with its install line.
# Exit code 77: a cluster for tests cannot have what it needs.
set -euo pipefail
what=${1:-build}
packages=() missing=()

have() { command -v "$1" >/dev/null 2>&1; }
need() { # command, Debian package
    have "$1" || packages+=("$2")
}
tell() { missing+=("$1"); }

if [ "$what" != cluster ]; then
    need cc gcc
    [ -e /usr/include/stdlib.h ] || [ "$(uname -s)" != Linux ] || packages+=(libc6-dev)
    need git git
    need make make
    have cargo || tell "Rust, through rustup:  https://rustup.rs"
fi

if [ "$what" != build ]; then
    python=${PYTHON:-python3}
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
        || tell "Python 3.11 or newer:  apt-get install python3 python3-venv   (or name one in PYTHON=)"
    have uv || "$python" -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
fi

if [ "$what" = test ] || [ "$what" = bench ]; then
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages+=(postgresql)
    have setpriv || packages+=(util-linux)
fi

if [ "$what" = bench ]; then
    PATH=$PATH:/usr/sbin need nginx nginx-light
fi

if [ "$what" = test ]; then
    # Chromium's shell without windows asks a third less of the machine than the whole of it, which does as well.
    have chromium-headless-shell || { { have chromium || have google-chrome; } && ! { [ "$(id -u)" = 0 ] && apt-cache show chromium-headless-shell >/dev/null 2>&1; }; } \
        || packages+=(chromium-headless-shell)
    { have node && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ]; } || tell "Node 20 or newer, with npm:  https://nodejs.org"
fi

if [ "$what" = cluster ]; then
    need openssl openssl
    # It builds Kubernetes once. An old one, such as Debian 12's, fetches a newer one for that.
    [ -x /usr/local/go/bin/go ] || need go golang-go
    # Without root there are no pods, and the control plane needs none of these.
    if [ "$(id -u)" = 0 ]; then
        PATH=$PATH:/usr/sbin:/sbin
        need containerd containerd
        need runc runc
        need iptables iptables
        need ip iproute2
        need debootstrap debootstrap
        have setpriv || packages+=(util-linux)
        [ -x /usr/lib/cni/ptp ] || packages+=(containernetworking-plugins)
    fi
fi

if [ "$what" = install ] && [ "$(id -u)" = 0 ]; then
    need buildah buildah
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages+=(postgresql)
    have setpriv || packages+=(util-linux)
fi

if [ ${#packages[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && have apt-get; then
        echo "installing ${packages[*]}" >&2
        export DEBIAN_FRONTEND=noninteractive
        # No package starts a server of its own by this.
        export RUNLEVEL=1
        # PostgreSQL's package would start a server of its own; the tests start theirs.
        mkdir -p /etc/postgresql-common
        [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
        apt-get update -qq >&2
        apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "${packages[@]}" >&2
    else
        for package in "${packages[@]}"; do
            tell "$package:  sudo apt-get install $package"
        done
    fi
fi

if [ ${#missing[@]} -gt 0 ]; then
    echo "Needed and not here:" >&2
    printf '  %s\n' "${missing[@]}" >&2
    [ "$what" != cluster ] || { echo "SKIPPED: a Kubernetes for tests needs what is named above"; exit 77; }
    exit 1
fi

# rust-toolchain.toml names toolchain and targets; older versions of rustup have to be asked for the target.
if [ "$what" != cluster ] && have rustup && ! rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown; then
    rustup target add wasm32-unknown-unknown >&2
fi
