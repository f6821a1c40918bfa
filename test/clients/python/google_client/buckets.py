"""Buckets, and who may do what with them."""
from google.api_core import exceptions

from features import equal, expect

READER = "reader@example.com"


def add_buckets(feature):
    @feature("buckets")
    def buckets(s):
        s.bucket.labels = {"team": "storage"}
        s.bucket.create(location="EU")
        expect(exceptions.Conflict, s.bucket.create)
        equal((s.bucket.location, s.bucket.storage_class), ("EU", "STANDARD"))
        s.client.create_bucket(s.name + "-2")
        equal([found.name for found in s.client.list_buckets(prefix=s.name, page_size=1)], [s.name, s.name + "-2"])
        s.bucket.labels = {"stage": "test"}
        s.bucket.patch()
        equal(s.client.get_bucket(s.name).labels, {"stage": "test"})
        s.put("content")
        expect(exceptions.Conflict, s.bucket.delete)
        s.bucket.delete(force=True)
        assert not s.bucket.exists()
        expect(exceptions.NotFound, lambda: s.client.get_bucket(s.name))

    @feature("settings")
    def settings(s):
        bucket = s.bucket
        bucket.storage_class = "NEARLINE"
        bucket.add_lifecycle_set_storage_class_rule("COLDLINE", age=30, is_live=True, matches_prefix=["logs/"])
        cors = [{"maxAgeSeconds": 3600, "method": ["GET"], "origin": ["https://x.example"]}]
        bucket.cors = cors
        bucket.configure_website("index.html", "404.html")
        bucket.enable_logging(s.name, "access")
        bucket.create()
        found = s.client.get_bucket(s.name)
        (rule,) = found.lifecycle_rules
        equal(rule["action"], {"type": "SetStorageClass", "storageClass": "COLDLINE"})
        equal(rule["condition"], {"age": 30, "isLive": True, "matchesPrefix": ["logs/"]})
        equal((found.cors, found.get_logging()["logObjectPrefix"]), (cors, "access"))
        equal(s.put("stored").storage_class, "NEARLINE")
        found.clear_lifecycle_rules()
        found.cors, found.versioning_enabled, found.autoclass_enabled = [], True, True
        found.disable_website()
        found.patch()
        found = s.client.get_bucket(s.name)
        equal((list(found.lifecycle_rules), found.cors), ([], []))
        assert found.versioning_enabled and found.autoclass_enabled
        found.iam_configuration.public_access_prevention = "enforced"
        found.patch()
        equal(s.client.get_bucket(s.name).iam_configuration.public_access_prevention, "enforced")

    @feature("acls")
    def acls(s):
        s.bucket.create()
        shared = s.put("shared")
        for acl in (s.bucket.acl, s.bucket.default_object_acl, shared.acl):
            for role in ("READER", "OWNER"):
                acl.reload()
                acl.user(READER).grant(role)
                acl.save()
                acl.reload()
                assert {"entity": f"user-{READER}", "role": role} in list(acl), list(acl)
                acl.user(READER).revoke(role)
                acl.save()
            assert f"user-{READER}" not in [entry["entity"] for entry in acl]
        shared.make_public()
        assert "READER" in shared.acl.all().get_roles()
        s.bucket.blob("predefined").upload_from_string("x", predefined_acl="publicRead")
        assert {"entity": "allUsers", "role": "READER"} in list(s.bucket.get_blob("predefined").acl)
        s.bucket.iam_configuration.uniform_bucket_level_access_enabled = True
        s.bucket.patch()
        expect(exceptions.BadRequest, lambda: s.bucket.blob("shared").acl.reload())

    @feature("iam")
    def iam(s):
        s.bucket.create()
        policy = s.bucket.get_iam_policy(requested_policy_version=3)
        viewer = {"role": "roles/storage.objectViewer", "members": {f"user:{READER}"}}
        policy.bindings.append(viewer)
        s.bucket.set_iam_policy(policy)
        found = s.bucket.get_iam_policy(requested_policy_version=3)
        assert {**viewer, "members": [f"user:{READER}"]} in [
            {**binding, "members": sorted(binding["members"])} for binding in found.bindings
        ]
        # The policy that was read first is stale by now.
        expect(exceptions.PreconditionFailed, lambda: s.bucket.set_iam_policy(policy))
        wanted = ["storage.objects.get", "storage.buckets.delete"]
        equal(s.bucket.test_iam_permissions(wanted), wanted)

    @feature("hmac")
    def hmac(s):
        email = "python@test.iam.example.com"
        key, secret = s.client.create_hmac_key(email)
        equal((len(secret), key.state), (40, "ACTIVE"))
        listed = s.client.list_hmac_keys(service_account_email=email)
        equal([one.access_id for one in listed], [key.access_id])
        expect(exceptions.BadRequest, key.delete)
        key.state = "INACTIVE"
        key.update()
        key.delete()
        equal(s.client.get_hmac_key_metadata(key.access_id).state, "DELETED")
        assert s.client.get_service_account_email()

    @feature("notifications")
    def notifications(s):
        s.bucket.create()
        made = s.bucket.notification(
            topic_name="topic",
            topic_project="test-project",
            payload_format="JSON_API_V1",
            event_types=["OBJECT_FINALIZE"],
            blob_name_prefix="in/",
            custom_attributes={"from": "python"},
        )
        made.create()
        (listed,) = s.bucket.list_notifications()
        found = s.bucket.get_notification(made.notification_id)
        for one in (listed, found):
            equal((one.event_types, one.blob_name_prefix), (["OBJECT_FINALIZE"], "in/"))
            equal(one.custom_attributes, {"from": "python"})
        equal(listed.topic_name, "topic")
        made.delete()
        assert not made.exists()

    @feature("folders")
    def folders(s):
        s.bucket.hierarchical_namespace_enabled = True
        s.bucket.iam_configuration.uniform_bucket_level_access_enabled = True
        s.bucket.create()
        assert s.client.get_bucket(s.name).hierarchical_namespace_enabled
        deep = s.put("a/b/object")
        s.put("top")
        top = {"delimiter": "/", "include_folders_as_prefixes": True}
        equal(s.list(**top), ["top", "a/"])
        s.bucket.move_blob(deep, "c/object")
        # Folders stay when the last object leaves them.
        equal(s.list(**top), ["top", "a/", "c/"])
        equal(s.list(), ["c/object", "top"])
