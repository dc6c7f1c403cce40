#!/bin/sh
# Mails through a real SMTP server:  end2end/mail/run.sh BINARY
#
# The environment is made once in the user's cache, from the lock.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
env=$("$here/../../scripts/venv.sh" mail "$here/mail.lock")

unset PYTHONPATH PYTHONDONTWRITEBYTECODE
exec "$env/bin/python" "$here/mail.py" "$@"
