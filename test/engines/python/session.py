"""One Spark session that does what it is told. argv: JSON {master, conf}.

Reads one call a line from standard input, `{"call": …, …}`, and answers each with one line of JSON on descriptor 3,
`{"answer": …}` or `{"error": …}`. Ends when standard input does.
"""
import datetime
import decimal
import json
import os
import sys
import time

from pyspark import TaskContext
from pyspark.sql import SparkSession

asked = json.loads(sys.argv[1])
answers = os.fdopen(3, "w")
scratch = asked["conf"]["spark.local.dir"]
builder = SparkSession.builder.master(asked["master"]).appName("strait")
for key, value in asked["conf"].items():
    builder = builder.config(key, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")


def fails_once(number):
    """Fails the first attempt of the second task, after it has written some rows."""
    context = TaskContext.get()
    if context.partitionId() == 1 and context.attemptNumber() == 0 and number == 90_000:
        open(os.path.join(scratch, f"failure-{time.time_ns()}"), "x").close()
        raise RuntimeError("the task fails on purpose")
    return number


def slowly(number):
    """A minute for every 10,000 rows."""
    if number % 100 == 0:
        time.sleep(0.6)
    return number


spark.udf.register("fails_once", fails_once, "bigint")
spark.udf.register("slowly", slowly, "bigint")


def plain(value):
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return value


def sql(query):
    return [[plain(value) for value in row] for row in spark.sql(query).collect()]


def write(query, path, format, mode, partition_by=(), options=None):
    frame = spark.sql(query).write.format(format).mode(mode).options(**(options or {}))
    (frame.partitionBy(*partition_by) if partition_by else frame).save(path)


def jvm():
    """The process to kill: this one only tells it what to do."""
    return spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid()


def failures():
    """How often `fails_once` did."""
    return len([name for name in os.listdir(scratch) if name.startswith("failure-")])


CALLS = {"sql": sql, "write": write, "jvm": jvm, "failures": failures}


def reply(call):
    try:
        return {"answer": CALLS[call.pop("call")](**call)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    answers.write(json.dumps(reply(json.loads(line))) + "\n")
    answers.flush()
spark.stop()
