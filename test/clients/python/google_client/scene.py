import os

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY

from features import Faults

QUICK = DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.1)


def by_environment(url):
    os.environ["STORAGE_EMULATOR_HOST"] = url
    try:
        return storage.Client(project="test")
    finally:
        del os.environ["STORAGE_EMULATOR_HOST"]


def by_options(url, headers=None):
    return storage.Client(
        project="test",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": url},
        extra_headers=headers or {},
    )


class Scene:
    """What one feature plays in: a bucket of its own."""

    def __init__(self, url, name):
        self.url = url
        self.name = name
        self.client = by_options(url)
        self.bucket = self.client.bucket(name)

    def put(self, name, content=b"x"):
        blob = self.bucket.blob(name)
        blob.upload_from_string(content)
        return blob

    def list(self, **query):
        """Names, those of prefixes last."""
        found = self.client.list_blobs(self.name, **query)
        return [blob.name for blob in found] + sorted(found.prefixes)

    def faults(self, instructions):
        """A bucket seen through a client whose calls fail as the instructions say."""
        faults = Faults(self.url, instructions)
        client = by_options(self.url, {"x-retry-test-id": faults.id})
        return client.bucket(self.name), faults
