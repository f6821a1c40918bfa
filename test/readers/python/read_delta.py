"""Opens a Delta table with delta-rs. argv: folder, JSON {columns, versions}."""
import sys

from answer import answer
from deltalake import DeltaTable, QueryBuilder

folder = sys.argv[1]


def open_version(version):
    table = DeltaTable(folder, version=None if version is None else int(version))
    # The query engine knows deletion vectors and sidecars; `to_pyarrow_table` refuses such tables.
    return QueryBuilder().register("opened", table).execute("SELECT * FROM opened").read_all()


answer(open_version, str(DeltaTable(folder).version()))
