"""Bytes up and down."""
import base64
import gzip
import io
import tempfile

from google.api_core import exceptions
from google.cloud.storage import transfer_manager
from google_crc32c import Checksum

from features import MIB, equal, expect, noise, same
from scene import QUICK, by_environment


def add_transfers(feature):
    @feature("upload-simple")
    def upload_simple(s):
        s.bucket.create()
        content = noise(3 * MIB + 17)
        for size in (0, 14, len(content)):
            blob = s.bucket.blob(f"dir/ü?#% {size}")
            blob.upload_from_string(content[:size], content_type="text/x", checksum="md5")
            equal((blob.size, blob.content_type), (size, "text/x"))
            same(blob.download_as_bytes(), content[:size])
        many = [(io.BytesIO(bytes([index]) * 1000), s.bucket.blob(f"many/{index}")) for index in range(8)]
        transfer_manager.upload_many(many, worker_type=transfer_manager.THREAD, raise_exception=True)
        equal(len(s.list(prefix="many/")), 8)
        # The other way to point the client at us: its base is then the bare host.
        blob = by_environment(s.url).bucket(s.name).blob("by-environment")
        blob.upload_from_string("x")
        same(blob.download_as_bytes(), b"x")

    @feature("upload-resumable")
    def upload_resumable(s):
        s.bucket.create()
        content = noise(9 * MIB + 17)
        for label, chunk_size in (("whole", None), ("chunked", 2 * MIB), ("exact", MIB)):
            wanted = content[: 4 * MIB] if label == "exact" else content
            blob = s.bucket.blob(label, chunk_size=chunk_size)
            blob.upload_from_file(io.BytesIO(wanted), size=len(wanted), checksum="crc32c")
            same(s.bucket.blob(label).download_as_bytes(checksum="md5"), wanted)
            # Its size is not known before the end.
            blob = s.bucket.blob(label + "-stream", chunk_size=chunk_size or MIB)
            with blob.open("wb", chunk_size=MIB) as stream:
                stream.write(wanted)
            same(blob.download_as_bytes(), wanted)

    @feature("upload-resumed")
    def upload_resumed(s):
        s.bucket.create()
        content = noise(9 * MIB)
        bucket, faults = s.faults(
            {"storage.objects.insert": ["return-reset-connection-after-2304K", "return-503-after-5120K"]}
        )
        blob = bucket.blob("cut", chunk_size=4 * MIB)
        blob.upload_from_file(io.BytesIO(content), size=len(content), if_generation_match=0, retry=QUICK)
        faults.assert_done()
        same(s.bucket.blob("cut").download_as_bytes(), content)

    @feature("download")
    def download(s):
        s.bucket.create()
        content = noise(9 * MIB + 17)
        s.put("large", content)
        same(s.bucket.blob("large").download_as_bytes(), content)
        with tempfile.NamedTemporaryFile() as file:
            s.bucket.blob("large").download_to_filename(file.name)
            same(file.read(), content)
            transfer_manager.download_chunks_concurrently(
                s.bucket.blob("large"), file.name, chunk_size=MIB, worker_type=transfer_manager.THREAD
            )
            file.seek(0)
            same(file.read(), content)
        same(s.bucket.blob("large", chunk_size=MIB).download_as_bytes(), content)
        expect(exceptions.NotFound, lambda: s.bucket.blob("none").download_as_bytes())
        # A download that breaks off is taken up again by range.
        bucket, faults = s.faults({"storage.objects.get": ["return-broken-stream-after-256K"]})
        same(bucket.blob("large").download_as_bytes(retry=QUICK), content)
        faults.assert_done()

    @feature("ranges")
    def ranges(s):
        s.bucket.create()
        content = noise(3 * MIB)
        blob = s.put("ranged", content)
        same(blob.download_as_bytes(start=0, end=0), content[:1])
        same(blob.download_as_bytes(start=1_000_000, end=1_000_099), content[1_000_000:1_000_100])
        same(blob.download_as_bytes(start=2_000_000), content[2_000_000:])
        same(blob.download_as_bytes(start=-5), content[-5:])
        with blob.open("rb", chunk_size=256 * 1024) as stream:
            stream.seek(2_000_000)
            same(stream.read(1000), content[2_000_000:2_001_000])
            stream.seek(-10, io.SEEK_END)
            same(stream.read(), content[-10:])
        expect(exceptions.RequestRangeNotSatisfiable, lambda: blob.download_as_bytes(start=3 * MIB))

    @feature("gzip")
    def read_gzip(s):
        s.bucket.create()
        content = b"a line that repeats itself\n" * 10_000
        packed = gzip.compress(content)
        blob = s.bucket.blob("packed.txt")
        blob.content_encoding = "gzip"
        blob.upload_from_string(packed, content_type="text/plain")
        equal(blob.size, len(packed))
        same(s.bucket.blob("packed.txt").download_as_bytes(), content)
        same(s.bucket.blob("packed.txt").download_as_bytes(raw_download=True), packed)

    @feature("checksums")
    def checksums(s):
        s.bucket.create()
        content = noise(MIB)
        right, wrong = (base64.b64encode(Checksum(data).digest()).decode() for data in (content, b"other"))
        for chunk_size in (None, 256 * 1024):
            blob = s.bucket.blob("checked", chunk_size=chunk_size)
            blob.crc32c = wrong
            expect(exceptions.BadRequest, lambda: blob.upload_from_string(content, checksum=None))
            assert not blob.exists()
            blob.crc32c = right
            blob.upload_from_string(content, checksum=None)
            equal(s.bucket.get_blob("checked").crc32c, right)
            for checksum in ("md5", "crc32c"):
                blob.upload_from_string(content, checksum=checksum)
                same(blob.download_as_bytes(checksum=checksum), content)
            blob.delete()

    @feature("retries")
    def retries(s):
        s.bucket.create()
        there = s.put("there")
        bucket, faults = s.faults(
            {
                "storage.buckets.get": ["return-503", "return-503"],
                "storage.objects.list": ["return-503"],
                "storage.objects.get": ["return-503", "return-reset-connection"],
                "storage.objects.insert": ["return-503"],
                "storage.objects.delete": ["return-503"],
            }
        )
        bucket.reload(retry=QUICK)
        equal([blob.name for blob in bucket.list_blobs(retry=QUICK)], ["there"])
        bucket.get_blob("there", retry=QUICK)
        bucket.blob("new").upload_from_string("new", if_generation_match=0, retry=QUICK)
        bucket.blob("there").delete(if_generation_match=there.generation, retry=QUICK)
        faults.assert_done()
        equal(s.list(), ["new"])
        # What may not be repeated is not, unless the program insists.
        bucket, faults = s.faults({"storage.objects.compose": ["return-503"]})
        compose = lambda: bucket.blob("composed").compose([bucket.blob("new")])  # noqa: E731
        expect(exceptions.ServiceUnavailable, compose)
        faults.assert_done()
