"""The features of docs/reference/clients.md with gcsfs, unmodified. Argument: the gateway's URL."""
import gzip
import os
import sys

os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
import gcsfs  # noqa: E402

from features import MIB, Faults, Features, equal, expect, noise, same  # noqa: E402

feature = Features()


class Scene:
    """What one feature plays in: a bucket of its own."""

    def __init__(self, name):
        self.bucket = f"gcsfs-{name}"
        self.fs = self.connect()

    def connect(self, **more):
        url = sys.argv[1]
        options = {"token": "anon", "project": "test", "cache_timeout": 0, "use_listings_cache": False}
        return gcsfs.GCSFileSystem(endpoint_url=url, skip_instance_cache=True, **options, **more)

    def path(self, name):
        return f"{self.bucket}/{name}"

    def faults(self, instructions):
        faults = Faults(sys.argv[1], instructions)
        return self.connect(session_kwargs={"headers": {"x-retry-test-id": faults.id}}), faults


@feature("buckets")
def buckets(s):
    s.fs.mkdir(s.bucket, location="EU")
    assert s.bucket in [entry.rstrip("/") for entry in s.fs.ls("")]
    s.fs.pipe(s.path("content"), b"x")
    expect(gcsfs.retry.HttpError, lambda: s.fs.rmdir(s.bucket))
    s.fs.rm(s.bucket, recursive=True)
    assert not s.fs.exists(s.bucket)


@feature("upload-simple")
def upload_simple(s):
    s.fs.mkdir(s.bucket)
    content = noise(3 * MIB + 17)
    for size in (0, 14, len(content)):
        path = s.path(f"dir/ü {size}")
        s.fs.pipe(path, content[:size], content_type="text/x")
        found = s.fs.info(path)
        equal((found["size"], found["contentType"]), (size, "text/x"))
        same(s.fs.cat(path), content[:size])
    s.fs.touch(s.path("touched"))
    equal(s.fs.info(s.path("touched"))["size"], 0)


@feature("upload-resumable")
def upload_resumable(s):
    s.fs.mkdir(s.bucket)
    content = noise(9 * MIB + 17)
    with s.fs.open(s.path("streamed"), "wb", block_size=MIB) as stream:
        stream.write(content[: 5 * MIB + 3])
        stream.write(content[5 * MIB + 3 :])
    same(s.fs.cat(s.path("streamed")), content)
    with s.fs.open(s.path("exact"), "wb", block_size=MIB) as stream:
        stream.write(content[: 4 * MIB])
    same(s.fs.cat(s.path("exact")), content[: 4 * MIB])
    s.fs.pipe_file(s.path("piped"), content, chunksize=2 * MIB)
    same(s.fs.cat(s.path("piped")), content)
    with s.fs.transaction:
        with s.fs.open(s.path("transacted"), "wb", block_size=MIB) as stream:
            stream.write(content)
        assert not s.fs.exists(s.path("transacted"))
    same(s.fs.cat(s.path("transacted")), content)
    # What is given up leaves nothing.
    stream = s.fs.open(s.path("discarded"), "wb", block_size=MIB)
    stream.write(content)
    stream.discard()
    assert not s.fs.exists(s.path("discarded"))


@feature("upload-resumed")
def upload_resumed(s):
    s.fs.mkdir(s.bucket)
    content = noise(9 * MIB)
    fs, faults = s.faults({"storage.objects.insert": ["return-reset-connection-after-2304K", "return-503-after-5120K"]})
    with fs.open(s.path("cut"), "wb", block_size=4 * MIB) as stream:
        stream.write(content)
    faults.assert_done()
    same(s.fs.cat(s.path("cut")), content)


@feature("download")
def download(s):
    s.fs.mkdir(s.bucket)
    content = noise(9 * MIB + 17)
    s.fs.pipe(s.path("large"), content)
    same(s.fs.cat(s.path("large")), content)
    with s.fs.open(s.path("large"), "rb", block_size=MIB) as stream:
        same(stream.read(), content)
    expect(FileNotFoundError, lambda: s.fs.cat(s.path("none")))


@feature("ranges")
def ranges(s):
    s.fs.mkdir(s.bucket)
    content = noise(3 * MIB)
    s.fs.pipe(s.path("ranged"), content)
    same(s.fs.cat_file(s.path("ranged"), start=1_000_000, end=1_000_100), content[1_000_000:1_000_100])
    same(s.fs.cat_file(s.path("ranged"), start=-5), content[-5:])
    spans = s.fs.cat_ranges([s.path("ranged")] * 2, [0, 2_000_000], [10, 2_000_010])
    equal(spans, [content[:10], content[2_000_000:2_000_010]])
    with s.fs.open(s.path("ranged"), "rb", block_size=256 * 1024) as stream:
        stream.seek(2_000_000)
        same(stream.read(1000), content[2_000_000:2_001_000])


@feature("gzip")
def read_gzip(s):
    s.fs.mkdir(s.bucket)
    content = b"a line that repeats itself\n" * 10_000
    s.fs.pipe_file(s.path("packed"), gzip.compress(content), fixed_key_metadata={"content_encoding": "gzip"})
    same(s.fs.cat(s.path("packed")), content)


@feature("checksums")
def checksums(s):
    s.fs.mkdir(s.bucket)
    content = noise(9 * MIB)
    for consistency in ("md5", "size"):
        with s.fs.open(s.path(consistency), "wb", block_size=MIB, consistency=consistency) as stream:
            stream.write(content)
        s.fs.pipe_file(s.path(consistency), content, consistency=consistency)
        same(s.fs.cat(s.path(consistency)), content)


@feature("list")
def listing(s):
    s.fs.mkdir(s.bucket)
    names = ["list/a", "list/b/1", "list/b/2", "list/c", "list/d/1", "list/ü"]
    for name in names:
        s.fs.pipe(s.path(name), b"x")
    equal(sorted(s.fs.ls(s.path("list"), detail=False)), [s.path(f"list/{name}") for name in "abcdü"])
    equal(sorted(s.fs.find(s.bucket)), [s.path(name) for name in names])
    equal(sorted(s.fs.find(s.path("list"), prefix="b")), [s.path("list/b/1"), s.path("list/b/2")])
    equal(sorted(s.fs.glob(s.path("list/*/1"))), [s.path("list/b/1"), s.path("list/d/1")])
    equal([files for _, _, files in s.fs.walk(s.path("list/b"))], [["1", "2"]])
    assert s.fs.isdir(s.path("list/b")) and not s.fs.exists(s.path("none"))
    # More than one page.
    s.fs.pipe({s.path(f"many/{index:04}"): b"" for index in range(1100)})
    equal(len(s.fs.ls(s.path("many"))), 1100)


@feature("versions")
def versions(s):
    fs = s.connect(version_aware=True)
    fs.mkdir(s.bucket, enable_versioning=True)
    fs.pipe(s.path("kept"), b"one")
    first = fs.info(s.path("kept"))["generation"]
    fs.pipe(s.path("kept"), b"two")
    same(fs.cat(s.path(f"kept#{first}")), b"one")
    equal(len(fs.ls(s.bucket, versions=True)), 2)
    fs.rm(s.path("kept"))
    assert not fs.exists(s.path("kept"))
    equal(fs.info(s.path(f"kept#{first}"))["size"], 3)
    fs.cp_file(s.path(f"kept#{first}"), s.path("back"))
    same(fs.cat(s.path("back")), b"one")


@feature("copy")
def copy(s):
    s.fs.mkdir(s.bucket)
    content = noise(3 * MIB)
    s.fs.pipe(s.path("source"), content)
    s.fs.cp_file(s.path("source"), s.path("copy"))
    same(s.fs.cat(s.path("copy")), content)
    s.fs.mkdir(s.bucket + "-other")
    s.fs.cp_file(s.path("source"), f"{s.bucket}-other/copy")
    same(s.fs.cat(f"{s.bucket}-other/copy"), content)


@feature("rewrite")
def rewrite(s):
    s.fs.mkdir(s.bucket)
    s.fs.mkdir(s.bucket + "-far", location="ASIA")
    content = noise(4 * MIB + 5)
    s.fs.pipe(s.path("source"), content)
    s.fs.cp_file(s.path("source"), f"{s.bucket}-far/copy")
    same(s.fs.cat(f"{s.bucket}-far/copy"), content)


@feature("compose")
def compose(s):
    s.fs.mkdir(s.bucket)
    parts = [s.path(f"part/{index}") for index in range(32)]
    for part in parts:
        s.fs.pipe(part, part.encode())
    s.fs.merge(s.path("composed"), parts)
    same(s.fs.cat(s.path("composed")), "".join(parts).encode())


@feature("move")
def move(s):
    s.fs.mkdir(s.bucket)
    s.fs.pipe(s.path("from"), b"moved")
    s.fs.mv(s.path("from"), s.path("to"))
    same(s.fs.cat(s.path("to")), b"moved")
    assert not s.fs.exists(s.path("from"))
    expect(FileNotFoundError, lambda: s.fs.mv_file(s.path("from"), s.path("to")))


@feature("preconditions")
def preconditions(s):
    s.fs.mkdir(s.bucket)
    s.fs.pipe_file(s.path("guarded"), b"one", mode="create")
    expect(FileExistsError, lambda: s.fs.pipe_file(s.path("guarded"), b"two", mode="create"))

    def resumable():
        with s.fs.open(s.path("guarded"), "xb", block_size=MIB) as stream:
            stream.write(noise(9 * MIB))

    expect(FileExistsError, resumable)
    same(s.fs.cat(s.path("guarded")), b"one")


@feature("metadata")
def metadata(s):
    s.fs.mkdir(s.bucket)
    path = s.path("described")
    fixed = {"cache_control": "no-store", "content_language": "de", "custom_time": "2024-02-29T12:00:00Z"}
    s.fs.pipe_file(path, b"x", metadata={"color": "blue"}, fixed_key_metadata=fixed)
    found = s.fs.info(path)
    equal((found["metadata"], found["cacheControl"], found["contentLanguage"]), ({"color": "blue"}, "no-store", "de"))
    s.fs.setxattrs(path, content_type="text/x", color=None, shape="round")
    equal((s.fs.info(path)["contentType"], s.fs.info(path)["metadata"]), ("text/x", {"shape": "round"}))
    equal(s.fs.getxattr(path, "shape"), "round")


@feature("acls")
def acls(s):
    s.fs.mkdir(s.bucket, acl="publicRead", default_acl="publicRead")
    s.fs.pipe(s.path("shared"), b"x")
    s.fs.cp_file(s.path("shared"), s.path("copied"), acl="private")
    roles = {name: roles_of(s.fs.call("GET", f"b/{s.bucket}/o/{name}/acl", json_out=True)) for name in ("shared", "copied")}
    equal(("allUsers" in roles["shared"], "allUsers" in roles["copied"]), (True, False))


def roles_of(listed):
    return {entry["entity"]: entry["role"] for entry in listed["items"]}


@feature("batch")
def batch(s):
    s.fs.mkdir(s.bucket)
    names = [s.path(f"many/{index}") for index in range(250)]
    s.fs.pipe({name: b"x" for name in names})
    s.fs.rm(names)
    equal(s.fs.find(s.bucket), [])


@feature("retries")
def retries(s):
    s.fs.mkdir(s.bucket)
    s.fs.pipe(s.path("there"), b"content")
    fs, faults = s.faults(
        {
            "storage.objects.list": ["return-503"],
            "storage.objects.get": ["return-503", "return-reset-connection"],
            "storage.objects.insert": ["return-503"],
        }
    )
    equal(fs.ls(s.bucket, detail=False), [s.path("there")])
    same(fs.cat(s.path("there")), b"content")
    fs.pipe(s.path("new"), b"new")
    faults.assert_done()
    same(s.fs.cat(s.path("new")), b"new")


feature.run(Scene)
