"""Opens a Hudi table with hudi-rs: log files merged. argv: folder, JSON {columns, versions}."""
import sys

import pyarrow as pa
from answer import answer
from hudi import HudiReadOptions, HudiTableBuilder

table = HudiTableBuilder.from_base_uri(sys.argv[1]).build()


def open_version(instant):
    options = HudiReadOptions()
    return pa.Table.from_batches(table.read(options if instant is None else options.with_as_of_timestamp(instant)))


answer(open_version, table.get_timeline().get_latest_commit_timestamp())
