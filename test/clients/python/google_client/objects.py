"""Listing objects, making new ones of old ones, and what is said about them."""
import datetime
import io

from google.api_core import exceptions
from google.cloud.storage.blob import ObjectContexts, ObjectCustomContextPayload

from features import MIB, equal, expect, noise, same

WEEK = datetime.timedelta(days=7)


def add_objects(feature):
    @feature("list")
    def listing(s):
        s.bucket.create()
        names = ["a", "b/1", "b/2", "c", "d/1", "d/2/x", "e/", "ü"]
        for name in names:
            s.put(name)
        equal(s.list(), names)
        equal(s.list(prefix="b/"), ["b/1", "b/2"])
        equal(s.list(delimiter="/"), ["a", "c", "ü", "b/", "d/", "e/"])
        equal(s.list(delimiter="/", prefix="d/"), ["d/1", "d/2/"])
        equal(s.list(delimiter="/", prefix="e", include_trailing_delimiter=True), ["e/", "e/"])
        equal(s.list(start_offset="b/2", end_offset="d/2"), ["b/2", "c", "d/1"])
        for size in (1, 3, 100):
            pages = [[blob.name for blob in page] for page in s.client.list_blobs(s.name, page_size=size).pages]
            assert all(len(page) <= size for page in pages), pages
            equal(sum(pages, []), names)
        equal(s.list(max_results=3), names[:3])
        (only,) = s.client.list_blobs(s.name, prefix="a", fields="items(name,size),nextPageToken")
        equal((only.name, only.size, only.generation), ("a", 1, None))

    @feature("glob")
    def glob(s):
        s.bucket.create()
        for name in ("logs/a.txt", "logs/b.csv", "logs/deep/c.txt", "other/d.txt"):
            s.put(name)
        equal(s.list(match_glob="logs/*.txt"), ["logs/a.txt"])
        equal(s.list(match_glob="**/*.txt"), ["logs/a.txt", "logs/deep/c.txt", "other/d.txt"])
        equal(s.list(match_glob="logs/?.{csv,txt}"), ["logs/a.txt", "logs/b.csv"])

    @feature("versions")
    def versions(s):
        s.bucket.versioning_enabled = True
        s.bucket.create()
        first, second = s.put("kept", b"one").generation, s.put("kept", b"two").generation
        s.bucket.blob("kept").delete()
        equal(s.bucket.get_blob("kept"), None)
        equal(s.list(versions=True), ["kept", "kept"])
        same(s.bucket.blob("kept", generation=first).download_as_bytes(), b"one")
        assert s.bucket.get_blob("kept", generation=second).time_deleted is not None
        s.bucket.copy_blob(s.bucket.blob("kept"), s.bucket, "kept", source_generation=first)
        same(s.bucket.blob("kept").download_as_bytes(), b"one")
        s.bucket.blob("kept", generation=second).delete()
        expect(exceptions.NotFound, lambda: s.bucket.blob("kept", generation=second).download_as_bytes())
        equal(s.list(versions=True), ["kept", "kept"])

    @feature("copy")
    def copy(s):
        s.bucket.create()
        content = noise(3 * MIB)
        source = s.bucket.blob("source")
        source.metadata = {"color": "blue"}
        source.upload_from_string(content, content_type="text/x")
        copied = s.bucket.copy_blob(source, s.bucket, "copy")
        equal((copied.content_type, copied.metadata, copied.crc32c), ("text/x", {"color": "blue"}, source.crc32c))
        copied.update_storage_class("NEARLINE")
        equal(s.bucket.get_blob("copy").storage_class, "NEARLINE")
        taken = lambda: s.bucket.copy_blob(source, s.bucket, "copy", if_generation_match=0)  # noqa: E731
        expect(exceptions.PreconditionFailed, taken)
        other = s.client.create_bucket(s.name + "-other")
        same(s.bucket.copy_blob(source, other, "copy").download_as_bytes(), content)

    @feature("rewrite")
    def rewrite(s):
        s.bucket.create()
        content = noise(4 * MIB + 5)
        source = s.put("source", content)
        other = s.client.create_bucket(s.name + "-other")
        target = other.blob("rewritten", encryption_key=noise(32))
        token, done, total = target.rewrite(source)
        progress = [done]
        while token is not None:
            token, done, total = target.rewrite(source, token=token)
            progress.append(done)
        equal((progress, total), ([MIB, 2 * MIB, 3 * MIB, 4 * MIB, 4 * MIB + 5], len(content)))
        same(target.download_as_bytes(), content)

    @feature("compose")
    def compose(s):
        s.bucket.create()
        parts = [s.put(f"part/{index}", f"part {index};") for index in range(32)]
        composed = s.bucket.blob("composed")
        composed.content_type = "text/x"
        composed.compose(parts)
        equal((composed.component_count, composed.content_type, composed.md5_hash), (32, "text/x", None))
        same(composed.download_as_text(), "".join(f"part {index};" for index in range(32)))
        expect(exceptions.PreconditionFailed, lambda: composed.compose(parts, if_generation_match=0))
        missing = s.bucket.blob("missing")
        expect(exceptions.NotFound, lambda: s.bucket.blob("none").compose([missing]))

    @feature("move")
    def move(s):
        s.bucket.create()
        source = s.put("from", b"moved")
        s.put("taken", b"taken")
        taken = lambda: s.bucket.move_blob(source, "taken", if_generation_match=0)  # noqa: E731
        expect(exceptions.PreconditionFailed, taken)
        moved = s.bucket.move_blob(source, "to", if_generation_match=0)
        same(moved.download_as_bytes(), b"moved")
        s.bucket.rename_blob(moved, "renamed")
        equal(s.list(), ["renamed", "taken"])

    @feature("preconditions")
    def preconditions(s):
        s.bucket.create()
        blob = s.bucket.blob("guarded")
        blob.upload_from_string("one", if_generation_match=0)
        one = blob.generation
        for wrong in (0, one + 1):
            for chunk_size in (None, 256 * 1024):
                again = s.bucket.blob("guarded", chunk_size=chunk_size)
                upload = lambda: again.upload_from_file(io.BytesIO(b"two"), if_generation_match=wrong)  # noqa: E731
                expect(exceptions.PreconditionFailed, upload)
        same(blob.download_as_bytes(if_generation_match=one), b"one")
        expect(exceptions.PreconditionFailed, lambda: blob.download_as_bytes(if_generation_match=one + 1))
        expect(exceptions.NotModified, lambda: blob.reload(if_generation_not_match=one))
        expect(exceptions.NotModified, lambda: blob.download_as_bytes(if_metageneration_not_match=1))
        blob.content_type = "text/x"
        expect(exceptions.PreconditionFailed, lambda: blob.patch(if_metageneration_match=2))
        blob.content_type = "text/x"
        blob.patch(if_metageneration_match=1)
        equal(blob.metageneration, 2)
        expect(exceptions.PreconditionFailed, lambda: blob.delete(if_generation_match=one + 1))
        blob.upload_from_string("two", if_generation_match=one)
        same(blob.download_as_bytes(), b"two")
        expect(exceptions.PreconditionFailed, lambda: s.bucket.reload(if_metageneration_match=9))

    @feature("metadata")
    def metadata(s):
        s.bucket.create()
        noon = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)
        custom = {"color": "blue", "ключ": "значение"}
        blob = s.bucket.blob("described")
        blob.metadata, blob.custom_time = custom, noon
        blob.cache_control, blob.content_disposition, blob.content_language = "no-store", "attachment", "de"
        blob.upload_from_string("x")
        found = s.bucket.get_blob("described")
        equal((found.metadata, found.custom_time), (custom, noon))
        fixed = (found.cache_control, found.content_disposition, found.content_language)
        equal(fixed, ("no-store", "attachment", "de"))
        found.metadata, found.cache_control = {"color": None, "ключ": None, "shape": "round"}, None
        found.patch()
        found = s.bucket.get_blob("described")
        equal((found.metadata, found.cache_control, found.metageneration), ({"shape": "round"}, None, 2))
        found.custom_time = noon - datetime.timedelta(hours=1)
        expect(exceptions.BadRequest, found.patch)
        found = s.bucket.get_blob("described")
        found.metadata = None
        found.update()
        equal(s.bucket.get_blob("described").metadata, None)

    @feature("contexts")
    def contexts(s):
        s.bucket.create()
        blob = s.bucket.blob("tagged")
        blob.contexts = ObjectContexts(blob, {"kind": ObjectCustomContextPayload("invoice")})
        blob.upload_from_string("x")
        s.put("plain")
        found = s.bucket.get_blob("tagged")
        equal(found.contexts.custom["kind"].value, "invoice")
        equal(s.list(filter_='contexts."kind"="invoice"'), ["tagged"])
        equal(s.list(filter_='-contexts."kind":*'), ["plain"])
        change = {"kind": ObjectCustomContextPayload(None), "state": ObjectCustomContextPayload("paid")}
        found.contexts = ObjectContexts(found, change)
        found.patch()
        equal(list(s.bucket.get_blob("tagged").contexts.custom), ["state"])

    @feature("soft-delete")
    def soft_delete(s):
        s.bucket.soft_delete_policy.retention_duration_seconds = WEEK.total_seconds()
        s.bucket.create()
        generation = s.put("lost", b"found again").generation
        s.bucket.blob("lost").delete()
        equal(s.list(), [])
        equal(s.list(soft_deleted=True), ["lost"])
        gone = s.bucket.get_blob("lost", generation=generation, soft_deleted=True)
        equal(gone.hard_delete_time - gone.soft_delete_time, WEEK)
        restored = s.bucket.restore_blob("lost", generation=generation)
        assert restored.generation > generation
        same(s.bucket.blob("lost").download_as_bytes(), b"found again")

    @feature("holds")
    def holds(s):
        s.bucket.create()
        held = s.put("held")
        for name in ("temporary_hold", "event_based_hold"):
            setattr(held, name, True)
            held.patch()
            expect(exceptions.Forbidden, held.delete)
            setattr(held, name, False)
            held.patch()
        held.delete()
        s.bucket.retention_period = 3600
        s.bucket.patch()
        kept = s.put("kept")
        expect(exceptions.Forbidden, kept.delete)
        s.bucket.lock_retention_policy()
        assert s.client.get_bucket(s.name).retention_policy_locked
        s.bucket.retention_period = 60
        expect(exceptions.Forbidden, s.bucket.patch)
        # Retention of single objects.
        other = s.client.create_bucket(s.name + "-objects", enable_object_retention=True)
        kept = other.blob("kept")
        kept.upload_from_string("x")
        kept.retention.mode = "Unlocked"
        kept.retention.retain_until_time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        kept.patch()
        expect(exceptions.Forbidden, kept.delete)
        kept.retention.mode = None
        kept.retention.retain_until_time = None
        expect(exceptions.Forbidden, kept.patch)
        kept.retention.mode = None
        kept.retention.retain_until_time = None
        kept.patch(override_unlocked_retention=True)
        kept.delete()

    @feature("keys")
    def keys(s):
        s.bucket.create()
        content, key, following = noise(3 * MIB + 1), noise(32), noise(32)
        for label, chunk_size in (("whole", None), ("chunked", MIB)):
            keyed = s.bucket.blob(label, chunk_size=chunk_size, encryption_key=key)
            keyed.upload_from_file(io.BytesIO(content), size=len(content), checksum="crc32c")
            same(s.bucket.blob(label, encryption_key=key).download_as_bytes(checksum="md5"), content)
            expect(exceptions.BadRequest, lambda: s.bucket.blob(label).download_as_bytes())
            rotated = s.bucket.blob(label, encryption_key=following)
            token, _, _ = rotated.rewrite(keyed)
            while token is not None:
                token, _, _ = rotated.rewrite(keyed, token=token)
            same(s.bucket.blob(label, encryption_key=following).download_as_bytes(), content)
            stale = s.bucket.blob(label, encryption_key=key)
            expect(exceptions.BadRequest, stale.download_as_bytes)
        name = "projects/p/locations/us/keyRings/r/cryptoKeys/k"
        s.bucket.blob("named", kms_key_name=name).upload_from_string("x")
        equal(s.bucket.get_blob("named").kms_key_name, name)

    @feature("batch")
    def batch(s):
        s.bucket.create()
        names = [f"many/{index}" for index in range(100)]
        for name in names:
            s.put(name)
        with s.client.batch():
            for name in names[:2]:
                blob = s.bucket.blob(name)
                blob.metadata = {"batched": name}
                blob.patch()
        equal([s.bucket.get_blob(name).metadata["batched"] for name in names[:2]], names[:2])

        def refused():
            with s.client.batch():
                s.bucket.blob("none").delete()
                s.bucket.blob("many/99").delete()

        expect(exceptions.NotFound, refused)
        assert not s.bucket.blob("many/99").exists()
        with s.client.batch():
            for name in names[:99]:
                s.bucket.blob(name).delete()
        equal(s.list(), [])
