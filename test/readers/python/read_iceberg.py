"""Opens an Iceberg table at a site with PyIceberg, by its own GCS support: nothing is downloaded first.

argv: metadata file (gs://…), JSON {columns, versions, endpoint, root, alias, io}. A path that starts with `alias` stands
for the same path under `root`, the one way a Strait site resolves foreign paths too; empty: paths are as they are.
"""
import json
import os
import sys

# gcsfs would ask Google's own control service, whatever the endpoint, whether the bucket is hierarchical.
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
from answer import answer  # noqa: E402
from pyiceberg.io.fsspec import FsspecFileIO  # noqa: E402
from pyiceberg.io.pyarrow import PyArrowFileIO  # noqa: E402
from pyiceberg.table import StaticTable  # noqa: E402

asked = json.loads(sys.argv[2])


def here(location):
    alias = asked["alias"]
    return asked["root"] + location[len(alias) :] if alias and location.startswith(alias) else location


class ArrowIO(PyArrowFileIO):
    """Google's C++ client."""

    def new_input(self, location):
        return super().new_input(here(location))


class GcsfsIO(FsspecFileIO):
    """gcsfs."""

    def new_input(self, location):
        return super().new_input(here(location))


sys.modules["site_io"] = sys.modules[__name__]
properties = {
    "py-io-impl": f"site_io.{asked['io']}",
    "gcs.service.host": asked["endpoint"],
    # To gcsfs the word means: no credentials. The C++ client sends it and, being told how long it lasts, asks no one.
    "gcs.oauth2.token": "anon",
    "gcs.oauth2.token-expires-at": "4102444800000",
}
table = StaticTable.from_metadata(sys.argv[1], properties)


def open_version(snapshot):
    return table.scan(snapshot_id=None if snapshot is None else int(snapshot)).to_arrow()


answer(open_version, str(table.current_snapshot().snapshot_id))
