"""The common script with Google's client for Python, by STORAGE_EMULATOR_HOST. argv: bucket, endpoint."""
import io
import os
import sys

from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.storage import transfer_manager

name, endpoint = sys.argv[1], sys.argv[2]


def expect(error, call):
    try:
        call()
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")


def by_environment():
    os.environ["STORAGE_EMULATOR_HOST"] = endpoint
    try:
        return storage.Client(project="test")
    finally:
        del os.environ["STORAGE_EMULATOR_HOST"]


def by_options():
    return storage.Client(
        project="test",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": endpoint},
    )


def run(client, name):
    bucket = client.create_bucket(name)
    expect(exceptions.Conflict, lambda: client.create_bucket(name))
    assert name in [found.name for found in client.list_buckets()]
    bucket.labels = {"team": "storage"}
    bucket.patch()
    assert client.get_bucket(name).labels == {"team": "storage"}

    small = bucket.blob("dir/small ü.txt")
    small.metadata = {"color": "blue"}
    small.upload_from_string("a small object", content_type="text/plain", checksum="md5")
    found = bucket.get_blob("dir/small ü.txt")
    assert (found.size, found.content_type, found.metadata) == (14, "text/plain", {"color": "blue"})
    assert found.download_as_bytes(checksum="crc32c") == b"a small object"
    assert small.download_as_bytes(raw_download=True) == b"a small object"
    found.metadata = {"color": None, "shape": "round"}
    found.patch()
    assert bucket.get_blob(found.name).metadata == {"shape": "round"}
    found.cache_control = "no-store"
    found.update()
    assert bucket.get_blob(found.name).cache_control == "no-store"

    content = os.urandom(9 * 1024 * 1024 + 17)
    for label, chunk_size in (("whole", None), ("chunked", 2 * 1024 * 1024), ("exact", 1024 * 1024)):
        data = content[: 4 * 1024 * 1024] if label == "exact" else content
        large = bucket.blob(label, chunk_size=chunk_size)
        large.upload_from_file(io.BytesIO(data), size=len(data), checksum="crc32c")
        assert bucket.blob(label).download_as_bytes(checksum="md5") == data, label
        unknown = bucket.blob(label + "-stream", chunk_size=chunk_size or 1024 * 1024)
        with unknown.open("wb", chunk_size=1024 * 1024) as stream:
            stream.write(data)
        assert unknown.download_as_bytes() == data, label
    empty = bucket.blob("empty")
    empty.upload_from_string(b"")
    assert empty.download_as_bytes() == b""

    guarded = bucket.blob("guarded")
    guarded.upload_from_string("one", if_generation_match=0)
    expect(exceptions.PreconditionFailed, lambda: guarded.upload_from_string("two", if_generation_match=0))
    guarded.reload()
    guarded.upload_from_string("three", if_generation_match=guarded.generation)
    assert guarded.download_as_text() == "three"
    expect(exceptions.NotFound, lambda: bucket.blob("no").download_as_bytes())

    names = ["list/a", "list/b/1", "list/b/2", "list/c", "list/d/1"]
    for listed in names:
        bucket.blob(listed).upload_from_string("x")
    assert [blob.name for blob in client.list_blobs(name, prefix="list/", page_size=2)] == names
    pages = client.list_blobs(name, prefix="list/", delimiter="/")
    assert [blob.name for blob in pages] == ["list/a", "list/c"]
    assert sorted(pages.prefixes) == ["list/b/", "list/d/"]
    trailing = client.list_blobs(name, prefix="list/", start_offset="list/b", end_offset="list/d", fields="items(name),nextPageToken")
    assert [blob.name for blob in trailing] == names[1:4]

    assert bucket.blob("whole").download_as_bytes(start=1_000_000, end=1_000_099) == content[1_000_000:1_000_100]
    assert bucket.blob("whole").download_as_bytes(start=len(content) - 5) == content[-5:]
    with bucket.blob("whole").open("rb", chunk_size=256 * 1024) as stream:
        stream.seek(3_000_000)
        assert stream.read(1000) == content[3_000_000:3_001_000]

    copied = bucket.copy_blob(small, bucket, "copied")
    assert copied.download_as_bytes() == b"a small object"
    target = bucket.blob("rewritten")
    token, written, total = target.rewrite(small)
    assert (token, written, total) == (None, 14, 14)
    target.update_storage_class("NEARLINE")
    assert bucket.get_blob("rewritten").storage_class == "NEARLINE"
    composed = bucket.blob("composed")
    composed.content_type = "text/x"
    composed.compose([small, copied])
    assert composed.download_as_bytes() == b"a small object" * 2
    moved = bucket.move_blob(composed, "moved")
    assert moved.download_as_bytes() == b"a small object" * 2
    assert bucket.get_blob("composed") is None
    renamed = bucket.rename_blob(moved, "renamed")
    assert renamed.exists() and not moved.exists()

    key, other = os.urandom(32), os.urandom(32)
    for label, chunk_size in (("keyed-whole", None), ("keyed-chunked", 1024 * 1024)):
        keyed = bucket.blob(label, chunk_size=chunk_size, encryption_key=key)
        keyed.upload_from_file(io.BytesIO(content), size=len(content), checksum="crc32c")
        assert bucket.blob(label, encryption_key=key).download_as_bytes(checksum="md5") == content
        expect(exceptions.BadRequest, lambda: bucket.blob(label).download_as_bytes())
        rotated = bucket.blob(label, encryption_key=other)
        token, _, _ = rotated.rewrite(keyed)
        while token is not None:
            token, _, _ = rotated.rewrite(keyed, token=token)
        assert bucket.blob(label, encryption_key=other).download_as_bytes() == content
        expect(exceptions.BadRequest, lambda: bucket.blob(label, encryption_key=key).download_as_bytes())
    named = bucket.blob("named-key", kms_key_name="projects/p/locations/us/keyRings/r/cryptoKeys/k")
    named.upload_from_string("x")
    assert bucket.get_blob("named-key").kms_key_name == "projects/p/locations/us/keyRings/r/cryptoKeys/k"

    with client.batch():
        for listed in names:
            bucket.blob(listed).delete()
    assert list(client.list_blobs(name, prefix="list/")) == []
    with client.batch():
        for changed in ("copied", "rewritten"):
            blob = bucket.blob(changed)
            blob.metadata = {"batched": changed}
            blob.patch()
    assert [bucket.get_blob(changed).metadata["batched"] for changed in ("copied", "rewritten")] == ["copied", "rewritten"]

    results = transfer_manager.upload_many(
        [(io.BytesIO(bytes([index]) * 1000), bucket.blob(f"many/{index}")) for index in range(8)],
        worker_type=transfer_manager.THREAD,
        raise_exception=True,
    )
    assert len(results) == 8
    expect(exceptions.Conflict, lambda: bucket.delete())
    bucket.delete_blobs(list(client.list_blobs(name)))
    bucket.delete()
    assert not bucket.exists()


run(by_environment(), name)
run(by_options(), name + "-options")
print("ok")
