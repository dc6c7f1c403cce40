import sys

from slipway_model_server.cli import main

sys.exit(main())
