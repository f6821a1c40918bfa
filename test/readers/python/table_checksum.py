"""The checksum that MANIFEST.json of the sample tables gives for a table's rows (its `checksumRule`)."""
import datetime
import decimal
import hashlib
import struct
import uuid

import pyarrow as pa


def text(value):
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return "f" + struct.pack(">d", value).hex()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (bytes, uuid.UUID)):
        return (value.bytes if isinstance(value, uuid.UUID) else value).hex()
    return str(value).replace("\\", "\\\\").replace("\n", "\\n").replace("\x1f", "\\x1f")


def texts(column):
    if pa.types.is_timestamp(column.type):
        # Older files count nanoseconds; the rule counts microseconds.
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64())
    return [text(value) for value in column.to_pylist()]


def checksum(table, columns):
    rows = zip(*(texts(table.column(name)) for name in columns))
    lines = sorted("\x1f".join(row).encode() for row in rows)
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line + b"\n")
    return digest.hexdigest()
