"""What every reader here prints: one JSON line about the newest version of a table and, by id, about older ones."""
import json
import sys

import pyarrow as pa
from table_checksum import checksum


def attempt(read):
    """What `read` gives, or what the reader said: the test knows where a reader is expected to fail."""
    try:
        return read()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def answer(open_version, newest_id):
    """argv[2]: JSON {columns, versions}. `open_version(id or None)` gives Arrow data; None is the newest version."""
    asked = json.loads(sys.argv[2])
    versions = {
        version: attempt(lambda version=version: pa.table(open_version(version)).num_rows)
        for version in asked["versions"]
    }
    newest = attempt(lambda: pa.table(open_version(None)))
    rows, found = (newest, "") if isinstance(newest, str) else (newest.num_rows, checksum(newest, asked["columns"]))
    print(json.dumps({"newest": newest_id, "rows": rows, "checksum": found, "versions": versions}))
