"""The common script with gcsfs. argv: bucket, endpoint."""
import os
import sys

os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
import gcsfs  # noqa: E402

bucket, endpoint = sys.argv[1], sys.argv[2]
fs = gcsfs.GCSFileSystem(endpoint_url=endpoint, token="anon", project="test", cache_timeout=0, use_listings_cache=False)

fs.mkdir(bucket)
assert bucket in [entry.rstrip("/") for entry in fs.ls("")]
fs.pipe(f"{bucket}/dir/small ü.txt", b"a small object")
assert fs.cat(f"{bucket}/dir/small ü.txt") == b"a small object"
assert fs.info(f"{bucket}/dir/small ü.txt")["size"] == 14

content = os.urandom(9 * 1024 * 1024 + 17)
with fs.open(f"{bucket}/large", "wb", block_size=1024 * 1024) as stream:
    stream.write(content[: 5 * 1024 * 1024 + 3])
    stream.write(content[5 * 1024 * 1024 + 3 :])
assert fs.cat(f"{bucket}/large") == content
exact = content[: 4 * 1024 * 1024]
with fs.open(f"{bucket}/exact", "wb", block_size=1024 * 1024, consistency="md5") as stream:
    stream.write(exact)
assert fs.cat(f"{bucket}/exact") == exact
fs.pipe(f"{bucket}/piped", content)
assert fs.cat(f"{bucket}/piped") == content
fs.pipe(f"{bucket}/empty", b"")
fs.touch(f"{bucket}/touched")
assert fs.cat(f"{bucket}/empty") == b"" and fs.info(f"{bucket}/touched")["size"] == 0

assert fs.cat_file(f"{bucket}/large", start=1_000_000, end=1_000_100) == content[1_000_000:1_000_100]
with fs.open(f"{bucket}/large", "rb", block_size=256 * 1024) as stream:
    stream.seek(3_000_000)
    assert stream.read(1000) == content[3_000_000:3_001_000]

for name in ["a", "b/1", "b/2", "c", "d/1"]:
    fs.pipe(f"{bucket}/list/{name}", b"x")
assert sorted(fs.ls(f"{bucket}/list", detail=False)) == [f"{bucket}/list/{name}" for name in ["a", "b", "c", "d"]]
assert sorted(fs.find(f"{bucket}/list")) == [f"{bucket}/list/{name}" for name in ["a", "b/1", "b/2", "c", "d/1"]]
assert sorted(fs.glob(f"{bucket}/list/*/1")) == [f"{bucket}/list/b/1", f"{bucket}/list/d/1"]
assert fs.isdir(f"{bucket}/list/b") and not fs.exists(f"{bucket}/nothing")

fs.setxattrs(f"{bucket}/piped", content_type="text/x", color="blue")
assert fs.info(f"{bucket}/piped")["contentType"] == "text/x"
assert fs.getxattr(f"{bucket}/piped", "color") == "blue"
fs.cp_file(f"{bucket}/piped", f"{bucket}/copied")
assert fs.cat(f"{bucket}/copied") == content
fs.mv(f"{bucket}/copied", f"{bucket}/moved")
assert fs.cat(f"{bucket}/moved") == content and not fs.exists(f"{bucket}/copied")
fs.merge(f"{bucket}/merged", [f"{bucket}/dir/small ü.txt", f"{bucket}/dir/small ü.txt"])
assert fs.cat(f"{bucket}/merged") == b"a small object" * 2
with fs.transaction:
    with fs.open(f"{bucket}/transacted", "wb") as stream:
        stream.write(b"t" * 600_000)
    assert not fs.exists(f"{bucket}/transacted")
assert fs.info(f"{bucket}/transacted")["size"] == 600_000

fs.rm(f"{bucket}/list", recursive=True)
assert fs.find(f"{bucket}/list") == []
try:
    fs.cat(f"{bucket}/nothing")
    raise AssertionError("FileNotFoundError was expected")
except FileNotFoundError:
    pass
fs.rm(bucket, recursive=True)
assert not fs.exists(bucket)
print("ok")
