"""Starts JupyterLab as Slipway's notebook, with the flags on the command line, in the notebook's folder.

What cannot be said by flags is done here: Jupyter's own folders lie in the notebook's, its token stays out of the page that browsers get
(JupyterLab writes it there) and out of the kernels' environment.
"""

import json
import os
import shutil
import sys

# Nobody is asked whether to fetch news: they would come from elsewhere. What a person sets outranks this.
QUIET = {"@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"}}


def without_token(_handler, page_config):
    # The proxy adds the token to each request; a browser never needs it.
    page_config["token"] = ""
    return page_config


def write_defaults(config_dir):
    path = os.path.join(config_dir, "labconfig", "default_setting_overrides.json")
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(QUIET, file)


def main():
    home = os.environ["HOME"]
    os.environ["JUPYTER_CONFIG_DIR"] = os.path.join(home, ".jupyter")
    os.environ["JUPYTER_DATA_DIR"] = os.path.join(home, ".local", "share", "jupyter")
    # Connection files of kernels end with this start.
    os.environ["JUPYTER_RUNTIME_DIR"] = os.path.join(os.environ["TMPDIR"], "jupyter")
    os.environ.setdefault("SHELL", shutil.which("bash") or "/bin/sh")
    try:
        from jupyterlab.labapp import LabApp
    except ImportError as error:
        sys.exit(f"This environment has no JupyterLab ({error}): add jupyterlab to its requirements.")
    write_defaults(os.environ["JUPYTER_CONFIG_DIR"])
    flags = [*sys.argv[1:], f"--ServerApp.root_dir={os.getcwd()}"]
    if os.geteuid() == 0:
        flags.append("--allow-root")
    app = LabApp.initialize_server(argv=flags, tornado_settings={"page_config_hook": without_token})
    os.environ.pop("JUPYTER_TOKEN", None)
    app.start()


main()
