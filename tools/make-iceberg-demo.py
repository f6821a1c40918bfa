"""Writes the demo's two Iceberg tables with true gs:// paths, by PyIceberg through a running Strait gateway.

    python3 tools/make-iceberg-demo.py http://127.0.0.1:9000

Needs `pip install "pyiceberg[sql-sqlite,pyarrow,gcsfs]"` and the bucket `lake` at the gateway. tools/make-iceberg-demo.ts
starts the gateway, runs this and collects what it wrote. Rows are made by a fixed rule: two runs hold the same rows.
"""

import datetime
import sys
import tempfile

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import DateType, DoubleType, LongType, NestedField, StringType

CITIES = ["Lisbon", "Oslo", "Turin", "Ghent"]
DAYS = [datetime.date(2026, 1, 1) + datetime.timedelta(days=day) for day in range(4)]


def rides(first, count, day):
    """`count` rides from number `first` on, all on one day."""
    numbers = range(first, first + count)
    return pa.table(
        {
            "ride_id": pa.array(list(numbers), pa.int64()),
            "day": pa.array([day] * count, pa.date32()),
            "city": pa.array([CITIES[number % len(CITIES)] for number in numbers], pa.string()),
            "fare": pa.array([5.0 + (number * 37 % 400) / 10 for number in numbers], pa.float64()),
        }
    )


def write_rides(catalog):
    """Partitioned by day: appends, a delete within partitions, an overwrite of a day, a new column, properties."""
    schema = Schema(
        NestedField(1, "ride_id", LongType(), required=False),
        NestedField(2, "day", DateType(), required=False),
        NestedField(3, "city", StringType(), required=False),
        NestedField(4, "fare", DoubleType(), required=False),
    )
    spec = PartitionSpec(PartitionField(source_id=2, field_id=1000, transform=IdentityTransform(), name="day"))
    table = catalog.create_table(
        "demo.rides", schema, location="gs://lake/iceberg-rides", partition_spec=spec
    )
    for index, day in enumerate(DAYS):
        table.append(rides(index * 500, 500, day))
    table.delete("city == 'Oslo' and fare > 30")
    table.append(rides(2000, 250, DAYS[1]))
    table.overwrite(rides(5000, 300, DAYS[0]), overwrite_filter=f"day == '{DAYS[0].isoformat()}'")
    with table.update_schema() as update:
        update.add_column("tip", DoubleType())
    table.append(rides(6000, 100, DAYS[3]).append_column("tip", pa.array([1.5] * 100, pa.float64())))
    with table.transaction() as transaction:
        transaction.set_properties({"owner": "strait demo"})
    return table


def sensors(batch, count):
    numbers = range(batch * count, (batch + 1) * count)
    return pa.table(
        {
            "reading": pa.array(list(numbers), pa.int64()),
            "sensor": pa.array([f"s{number % 9}" for number in numbers], pa.string()),
            "value": pa.array([(number * 7919 % 1000) / 8 for number in numbers], pa.float64()),
        }
    )


def write_sensors(catalog):
    """Unpartitioned: many small appends, copy-on-write deletes, one full overwrite, more appends."""
    schema = Schema(
        NestedField(1, "reading", LongType(), required=False),
        NestedField(2, "sensor", StringType(), required=False),
        NestedField(3, "value", DoubleType(), required=False),
    )
    table = catalog.create_table("demo.sensors", schema, location="gs://lake/iceberg-sensors")
    for batch in range(6):
        table.append(sensors(batch, 200))
    table.delete("sensor == 's3'")
    for batch in range(6, 9):
        table.append(sensors(batch, 200))
    table.overwrite(sensors(20, 400))
    for batch in range(50, 53):
        table.append(sensors(batch, 100))
    table.delete("value < 10")
    return table


def main(endpoint):
    with tempfile.TemporaryDirectory() as folder:
        catalog = SqlCatalog(
            "demo",
            **{
                "uri": f"sqlite:///{folder}/catalog.db",
                "warehouse": "gs://lake",
                "py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO",
                "gcs.service.host": endpoint,
                "gcs.oauth2.token": "anon",
                "gcs.project-id": "demo",
            },
        )
        catalog.create_namespace("demo")
        for write in (write_rides, write_sensors):
            table = write(catalog)
            print(f"{table.name()[-1]} {table.scan().to_arrow().num_rows}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
