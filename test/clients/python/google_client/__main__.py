"""The features of docs/reference/clients.md with Google's client for Python, unmodified. Argument: the gateway's URL."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).parent.parent))

from features import Features  # noqa: E402

from buckets import add_buckets  # noqa: E402
from objects import add_objects  # noqa: E402
from scene import Scene  # noqa: E402
from transfers import add_transfers  # noqa: E402

features = Features()
add_transfers(features)
add_objects(features)
add_buckets(features)
features.run(lambda name: Scene(sys.argv[1], f"python-{name}"))
