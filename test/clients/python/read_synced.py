"""Reads synced tables at a site and compares every byte. argv: client, endpoint, bucket, folder with what must be there."""
import os
import pathlib
import sys

os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
client, endpoint, bucket, folder = sys.argv[1:]


class Google:
    def __init__(self):
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage

        self.client = storage.Client(
            project="test", credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint}
        )

    def list(self, prefix):
        return {blob.name: blob.size for blob in self.client.list_blobs(bucket, prefix=prefix, page_size=100)}

    def read(self, name):
        return self.client.bucket(bucket).blob(name).download_as_bytes(checksum="crc32c")

    def read_range(self, name, start, end):
        return self.client.bucket(bucket).blob(name).download_as_bytes(start=start, end=end - 1)


class Gcsfs:
    def __init__(self):
        import gcsfs

        self.fs = gcsfs.GCSFileSystem(endpoint_url=endpoint, token="anon", project="test", use_listings_cache=False)

    def list(self, prefix):
        found = self.fs.find(f"{bucket}/{prefix}", detail=True)
        return {path.removeprefix(f"{bucket}/"): info["size"] for path, info in found.items()}

    def read(self, name):
        return self.fs.cat_file(f"{bucket}/{name}")

    def read_range(self, name, start, end):
        with self.fs.open(f"{bucket}/{name}", "rb") as stream:
            stream.seek(start)
            return stream.read(end - start)


class Arrow:
    def __init__(self):
        from pyarrow import fs

        self.select = fs.FileSelector
        self.fs = fs.GcsFileSystem(
            endpoint_override=endpoint.removeprefix("http://"), scheme="http", anonymous=True, project_id="test"
        )

    def list(self, prefix):
        found = self.fs.get_file_info(self.select(f"{bucket}/{prefix}", recursive=True))
        return {info.path.removeprefix(f"{bucket}/"): info.size for info in found if info.is_file}

    def read(self, name):
        with self.fs.open_input_stream(f"{bucket}/{name}") as stream:
            return stream.read()

    def read_range(self, name, start, end):
        with self.fs.open_input_file(f"{bucket}/{name}") as source:
            return source.read_at(end - start, start)


site = {"google-cloud-storage": Google, "gcsfs": Gcsfs, "pyarrow": Arrow}[client]()
for table in sorted(path.name for path in pathlib.Path(folder).iterdir()):
    root = pathlib.Path(folder, table)
    expected = {f"{table}/{path.relative_to(root)}": path for path in root.rglob("*") if path.is_file()}
    assert site.list(f"{table}/") == {name: path.stat().st_size for name, path in expected.items()}, table
    for name, path in expected.items():
        content = path.read_bytes()
        assert site.read(name) == content, name
        third = len(content) // 3
        if third > 0:
            assert site.read_range(name, third, 2 * third) == content[third : 2 * third], name
print("ok")
