#!/bin/sh
# Lays out the root folder of Slipway's image:  deploy/docker/root.sh ROOT PROGRAM
#
# The program, the libraries it is linked with, the certificates of public authorities, and a user who is not root. No shell and no
# package of a distribution. The Dockerfile runs it, and so does whoever makes an image without Docker.
set -eu
root=$1 program=$2

install -D -m 755 "$program" "$root/usr/bin/slipway"
ldd "$program" | grep -o '/[^ ]*' | sort -u | while read -r library; do
    install -D -m 755 "$library" "$root$library"
done
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

install -d -m 755 "$root/etc"
printf 'root:x:0:0:root:/:/sbin/nologin\nslipway:x:65532:65532:Slipway:/data:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nslipway:x:65532:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
install -d -m 1777 "$root/tmp"
install -d -m 750 -o 65532 -g 65532 "$root/data"
