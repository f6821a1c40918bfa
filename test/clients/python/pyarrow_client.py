"""
The features of docs/reference/clients.md with pyarrow's GcsFileSystem, which is Google's client for C++, unmodified.
Arguments: the gateway's URL, and that of a proxy through which calls fail as they are told to.
"""
import datetime
import gzip
import sys

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs as arrow_fs

from features import MIB, Faults, Features, equal, expect, noise, same

feature = Features()
url, faulty_url = sys.argv[1:]
NotFound = arrow_fs.FileType.NotFound
Directory = arrow_fs.FileType.Directory


def connect(url, location="EU"):
    return arrow_fs.GcsFileSystem(
        endpoint_override=url.removeprefix("http://"),
        scheme="http",
        anonymous=True,
        project_id="test",
        default_bucket_location=location,
        retry_time_limit=datetime.timedelta(seconds=30),
    )


class Scene:
    """What one feature plays in: a bucket of its own."""

    def __init__(self, name):
        self.bucket = f"pyarrow-{name}"
        self.fs = connect(url)

    def path(self, name):
        return f"{self.bucket}/{name}"

    def write(self, name, content, fs=None, **options):
        with (fs or self.fs).open_output_stream(self.path(name), **options) as stream:
            stream.write(content)

    def read(self, name, fs=None):
        with (fs or self.fs).open_input_stream(self.path(name), compression=None) as stream:
            return stream.read()

    def type(self, name):
        return self.fs.get_file_info(self.path(name)).type


@feature("buckets")
def buckets(s):
    s.fs.create_dir(s.bucket)
    equal(s.fs.get_file_info(s.bucket).type, Directory)
    # Neither delete_dir nor delete_dir_contents of a whole bucket: they first get `o/`, the object with the empty name,
    # and want a 404. GCS lists there (googleCloudStorageR #178, fake-gcs-server #1252), and so do we.
    equal(s.fs.get_file_info(f"{s.bucket}-none").type, NotFound)


@feature("upload-resumable")
def upload_resumable(s):
    s.fs.create_dir(s.bucket)
    content = noise(9 * MIB + 17)
    for name, size in (("ü empty", 0), ("dir/small", 14), ("exact", 8 * MIB), ("large", len(content))):
        s.write(name, content[:size])
        same(s.read(name), content[:size])
    s.write("large", b"overwritten")
    same(s.read("large"), b"overwritten")
    with s.fs.open_output_stream(s.path("parts"), buffer_size=0) as stream:
        for start in range(0, len(content), MIB):
            stream.write(content[start : start + MIB])
    same(s.read("parts"), content)


@feature("upload-resumed")
def upload_resumed(s):
    s.fs.create_dir(s.bucket)
    content = noise(17 * MIB)
    instructions = ["return-reset-connection-after-2304K", "return-503-after-9216K"]
    faults = Faults(faulty_url, {"storage.objects.insert": instructions})
    s.write("cut", content, fs=connect(faulty_url))
    faults.assert_done()
    same(s.read("cut"), content)


@feature("download")
def download(s):
    s.fs.create_dir(s.bucket)
    content = noise(9 * MIB + 17)
    s.write("large", content)
    same(s.read("large"), content)
    expect(FileNotFoundError, lambda: s.read("none"))
    # A download that breaks off is taken up again where it was.
    faults = Faults(faulty_url, {"storage.objects.get": ["return-broken-stream-after-256K"]})
    same(s.read("large", fs=connect(faulty_url)), content)
    faults.assert_done()
    table = pa.table({"day": [1, 1, 2], "value": ["x", "y", "z"]})
    pq.write_table(table, s.path("one.parquet"), filesystem=s.fs)
    assert pq.read_table(s.path("one.parquet"), filesystem=s.fs).equals(table)
    ds.write_dataset(table, s.path("set"), format="parquet", filesystem=s.fs, partitioning=["day"])
    equal(ds.dataset(s.path("set"), filesystem=s.fs, partitioning=["day"]).count_rows(), 3)


@feature("ranges")
def ranges(s):
    s.fs.create_dir(s.bucket)
    content = noise(3 * MIB)
    s.write("ranged", content)
    with s.fs.open_input_file(s.path("ranged")) as source:
        equal(source.size(), len(content))
        same(source.read_at(100, 1_000_000), content[1_000_000:1_000_100])
        same(source.read_at(100, 3 * MIB - 5), content[-5:])
        source.seek(2_000_000)
        same(source.read(1000), content[2_000_000:2_001_000])
        source.seek(2_900_000)
        same(source.read(), content[2_900_000:])


@feature("gzip")
def read_gzip(s):
    s.fs.create_dir(s.bucket)
    content = b"a line that repeats itself\n" * 10_000
    s.write("packed", gzip.compress(content), metadata={"Content-Encoding": "gzip"}, compression=None)
    # The size of what is read is not that of the object.
    with s.fs.open_input_stream(s.path("packed"), compression=None) as stream:
        same(b"".join(iter(lambda: stream.read(MIB), b"")), content)


@feature("list")
def listing(s):
    s.fs.create_dir(s.path("list/b"), recursive=True)
    names = ["a", "b/1", "b/2", "c", "ü"]
    for name in names:
        s.write(f"list/{name}", b"x")
    shallow = s.fs.get_file_info(arrow_fs.FileSelector(s.path("list")))
    equal(sorted(info.base_name for info in shallow), ["a", "b", "c", "ü"])
    deep = s.fs.get_file_info(arrow_fs.FileSelector(s.path("list"), recursive=True))
    equal(sorted(info.path for info in deep if info.is_file), [s.path(f"list/{name}") for name in names])
    equal((s.type("list/b"), s.type("none")), (Directory, NotFound))
    s.fs.create_dir(s.path("made/deep"), recursive=True)
    equal(s.type("made/deep"), Directory)
    s.fs.delete_dir(s.path("list"))
    equal(s.type("list"), NotFound)
    s.fs.delete_dir_contents(s.path("made"))
    equal(s.fs.get_file_info(arrow_fs.FileSelector(s.path("made"))), [])


@feature("copy")
def copy(s):
    s.fs.create_dir(s.bucket)
    content = noise(3 * MIB)
    s.write("source", content)
    s.fs.copy_file(s.path("source"), s.path("copy"))
    same(s.read("copy"), content)
    s.fs.move(s.path("copy"), s.path("moved"))
    same(s.read("moved"), content)
    equal(s.type("copy"), NotFound)
    s.fs.create_dir(s.bucket + "-other")
    s.fs.copy_file(s.path("source"), f"{s.bucket}-other/copy")
    equal(s.fs.get_file_info(f"{s.bucket}-other/copy").size, len(content))


@feature("rewrite")
def rewrite(s):
    s.fs.create_dir(s.bucket)
    connect(url, location="ASIA").create_dir(s.bucket + "-far")
    content = noise(4 * MIB + 5)
    s.write("source", content)
    s.fs.copy_file(s.path("source"), f"{s.bucket}-far/copy")
    with s.fs.open_input_stream(f"{s.bucket}-far/copy") as stream:
        same(stream.read(), content)


@feature("metadata")
def metadata(s):
    s.fs.create_dir(s.bucket)
    wanted = {"Content-Type": "text/x", "Cache-Control": "no-store", "Content-Language": "de", "color": "blue"}
    s.write("described", b"x", metadata=wanted)
    with s.fs.open_input_stream(s.path("described")) as stream:
        found = {key: value.decode() for key, value in stream.metadata().items()}
    fixed = {name: value for name, value in wanted.items() if name != "color"}
    equal({name: found.get(name) for name in fixed}, fixed)
    equal(found["metadata.color"], "blue")


@feature("retries")
def retries(s):
    s.fs.create_dir(s.bucket)
    s.write("there", b"content")
    faults = Faults(
        faulty_url,
        {
            "storage.objects.list": ["return-503"],
            "storage.objects.get": ["return-503", "return-reset-connection"],
            "storage.objects.insert": ["return-503"],
        },
    )
    fs = connect(faulty_url)
    same(s.read("there", fs=fs), b"content")
    equal([info.base_name for info in fs.get_file_info(arrow_fs.FileSelector(s.bucket))], ["there"])
    s.write("new", b"new", fs=fs)
    faults.assert_done()
    same(s.read("new"), b"new")


feature.run(Scene)
