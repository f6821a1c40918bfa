"""The common script with pyarrow's GcsFileSystem (Google's C++ client). argv: bucket, host:port."""
import os
import sys

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs as arrow_fs

bucket, endpoint = sys.argv[1], sys.argv[2]
fs = arrow_fs.GcsFileSystem(
    endpoint_override=endpoint,
    scheme="http",
    anonymous=True,
    project_id="test",
    default_bucket_location="EU",
    retry_time_limit=__import__("datetime").timedelta(seconds=20),
)


def write(path, data):
    with fs.open_output_stream(f"{bucket}/{path}", metadata={"Content-Type": "text/x"}) as stream:
        stream.write(data)


def read(path):
    with fs.open_input_stream(f"{bucket}/{path}") as stream:
        return stream.read()


fs.create_dir(bucket)
assert fs.get_file_info(bucket).type == arrow_fs.FileType.Directory
content = os.urandom(9 * 1024 * 1024 + 17)
write("dir/small ü.txt", b"a small object")
write("large", content)
write("empty", b"")
assert read("dir/small ü.txt") == b"a small object"
assert read("large") == content
assert read("empty") == b""
write("dir/small ü.txt", b"overwritten")
assert read("dir/small ü.txt") == b"overwritten"

with fs.open_input_file(f"{bucket}/large") as source:
    assert source.size() == len(content)
    source.seek(3_000_000)
    assert source.read(1000) == content[3_000_000:3_001_000]
    assert source.read_at(100, 1_000_000) == content[1_000_000:1_000_100]

fs.create_dir(f"{bucket}/made/deep", recursive=True)
assert fs.get_file_info(f"{bucket}/made/deep").type == arrow_fs.FileType.Directory
fs.create_dir(f"{bucket}/list/b", recursive=True)
for name in ["a", "b/1", "b/2", "c"]:
    write(f"list/{name}", b"x")
shallow = fs.get_file_info(arrow_fs.FileSelector(f"{bucket}/list"))
assert sorted(info.base_name for info in shallow) == ["a", "b", "c"], shallow
deep = fs.get_file_info(arrow_fs.FileSelector(f"{bucket}/list", recursive=True))
assert sorted(info.path for info in deep if info.is_file) == [f"{bucket}/list/{name}" for name in ["a", "b/1", "b/2", "c"]]
assert fs.get_file_info(f"{bucket}/nothing").type == arrow_fs.FileType.NotFound

fs.copy_file(f"{bucket}/large", f"{bucket}/copied")
assert read("copied") == content
fs.move(f"{bucket}/copied", f"{bucket}/moved")
assert read("moved") == content
assert fs.get_file_info(f"{bucket}/copied").type == arrow_fs.FileType.NotFound

table = pa.table({"day": [1, 1, 2], "value": ["x", "y", "z"]})
pq.write_table(table, f"{bucket}/one.parquet", filesystem=fs)
assert pq.read_table(f"{bucket}/one.parquet", filesystem=fs).equals(table)
ds.write_dataset(table, f"{bucket}/set", format="parquet", filesystem=fs, partitioning=["day"])
assert ds.dataset(f"{bucket}/set", filesystem=fs, partitioning=["day"]).count_rows() == 3

fs.delete_file(f"{bucket}/moved")
fs.delete_dir(f"{bucket}/list")
assert fs.get_file_info(f"{bucket}/list").type == arrow_fs.FileType.NotFound
fs.delete_dir_contents(f"{bucket}/made")
assert fs.get_file_info(arrow_fs.FileSelector(f"{bucket}/made")) == []
# Not delete_dir(bucket) or delete_dir_contents(bucket): for a bucket's root they first GET .../o/, the object with the
# empty name, and want a 404. GCS answers a listing there (googleCloudStorageR #178, fake-gcs-server #1252), and so do we.
fs.delete_dir(f"{bucket}/set")
for info in fs.get_file_info(arrow_fs.FileSelector(bucket, recursive=True)):
    if info.is_file:
        fs.delete_file(info.path)
print("ok")
