import com.google.cloud.Identity;
import com.google.cloud.Policy;
import com.google.cloud.storage.Acl;
import com.google.cloud.storage.Acl.Role;
import com.google.cloud.storage.Acl.User;
import com.google.cloud.storage.Blob;
import com.google.cloud.storage.Bucket;
import com.google.cloud.storage.BucketInfo;
import com.google.cloud.storage.BucketInfo.IamConfiguration;
import com.google.cloud.storage.BucketInfo.LifecycleRule;
import com.google.cloud.storage.BucketInfo.LifecycleRule.LifecycleAction;
import com.google.cloud.storage.BucketInfo.LifecycleRule.LifecycleCondition;
import com.google.cloud.storage.Cors;
import com.google.cloud.storage.HmacKey;
import com.google.cloud.storage.HmacKey.HmacKeyMetadata;
import com.google.cloud.storage.HmacKey.HmacKeyState;
import com.google.cloud.storage.HttpMethod;
import com.google.cloud.storage.Notification;
import com.google.cloud.storage.NotificationInfo;
import com.google.cloud.storage.ServiceAccount;
import com.google.cloud.storage.Storage.BlobListOption;
import com.google.cloud.storage.Storage.BlobTargetOption;
import com.google.cloud.storage.Storage.BucketListOption;
import com.google.cloud.storage.Storage.ListHmacKeysOption;
import com.google.cloud.storage.Storage.MoveBlobRequest;
import com.google.cloud.storage.Storage.PredefinedAcl;
import com.google.cloud.storage.StorageClass;
import com.google.cloud.storage.StorageRoles;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Buckets, and who may do what with them. */
final class Buckets {
  static void addTo(Map<String, Client.Feature> features) {
    features.put("buckets", Buckets::buckets);
    features.put("settings", Buckets::settings);
    features.put("acls", Buckets::acls);
    features.put("iam", Buckets::iam);
    features.put("hmac", Buckets::hmac);
    features.put("notifications", Buckets::notifications);
    features.put("folders", Buckets::folders);
  }

  private static void buckets(Scene s) throws Exception {
    BucketInfo info = BucketInfo.newBuilder(s.bucket).setLocation("EU").setLabels(Map.of("team", "storage")).build();
    Bucket made = s.storage.create(info);
    Scene.equal(List.of(made.getLocation(), made.getStorageClass()), List.of("EU", StorageClass.STANDARD));
    Scene.fails(409, () -> s.storage.create(info));
    s.storage.create(BucketInfo.of(s.bucket + "-2"));
    List<String> found = new ArrayList<>();
    var listing = s.storage.list(BucketListOption.prefix(s.bucket), BucketListOption.pageSize(1));
    listing.iterateAll().forEach(bucket -> found.add(bucket.getName()));
    Scene.equal(found, List.of(s.bucket, s.bucket + "-2"));
    Map<String, String> labels = new HashMap<>(Map.of("stage", "test"));
    labels.put("team", null);
    made.toBuilder().setLabels(labels).build().update();
    Scene.equal(s.storage.get(s.bucket).getLabels(), Map.of("stage", "test"));
    s.put("content", "x");
    Scene.fails(409, () -> s.storage.delete(s.bucket));
    s.storage.delete(s.id("content"));
    Scene.equal(s.storage.delete(s.bucket), true);
    Scene.equal(s.storage.get(s.bucket), null);
  }

  private static void settings(Scene s) throws Exception {
    LifecycleRule rule =
        new LifecycleRule(
            LifecycleAction.newSetStorageClassAction(StorageClass.COLDLINE),
            LifecycleCondition.newBuilder().setAge(30).setMatchesPrefix(List.of("logs/")).setIsLive(true).build());
    Cors cors =
        Cors.newBuilder()
            .setMaxAgeSeconds(3600)
            .setMethods(List.of(HttpMethod.GET))
            .setOrigins(List.of(Cors.Origin.of("https://x.example")))
            .build();
    s.storage.create(
        BucketInfo.newBuilder(s.bucket)
            .setStorageClass(StorageClass.NEARLINE)
            .setLifecycleRules(List.of(rule))
            .setCors(List.of(cors))
            .setIndexPage("index.html")
            .setNotFoundPage("404.html")
            .setLogging(BucketInfo.Logging.newBuilder().setLogBucket(s.bucket).setLogObjectPrefix("access").build())
            .build());
    Bucket found = s.storage.get(s.bucket);
    Scene.equal(found.getLifecycleRules(), List.of(rule));
    Scene.equal(found.getCors(), List.of(cors));
    Scene.equal(
        List.of(found.getIndexPage(), found.getNotFoundPage(), found.getLogging().getLogObjectPrefix()),
        List.of("index.html", "404.html", "access"));
    Scene.equal(s.put("stored", "x").getStorageClass(), StorageClass.NEARLINE);
    found.toBuilder()
        .setVersioningEnabled(true)
        .deleteLifecycleRules()
        .setCors(List.of())
        .setAutoclass(BucketInfo.Autoclass.newBuilder().setEnabled(true).build())
        .build()
        .update();
    found = s.storage.get(s.bucket);
    Scene.equal(found.versioningEnabled(), true);
    Scene.equal(found.getLifecycleRules().isEmpty(), true);
    Scene.equal(found.getAutoclass().getEnabled(), true);
  }

  private static void acls(Scene s) throws Exception {
    s.makeBucket();
    Blob shared = s.put("shared", "x");
    User user = new User("reader@example.com");
    Acl reader = Acl.of(user, Role.READER);
    Acl owner = Acl.of(user, Role.OWNER);
    s.storage.createAcl(s.bucket, reader);
    Scene.equal(s.storage.updateAcl(s.bucket, owner).getRole(), Role.OWNER);
    Scene.equal(s.storage.getAcl(s.bucket, user).getRole(), Role.OWNER);
    Scene.equal(s.storage.deleteAcl(s.bucket, user), true);
    Scene.equal(s.storage.getAcl(s.bucket, user), null);
    s.storage.createDefaultAcl(s.bucket, reader);
    Scene.equal(s.storage.updateDefaultAcl(s.bucket, owner).getRole(), Role.OWNER);
    Scene.equal(s.put("made", "x").getAcl(user).getRole(), Role.OWNER);
    Scene.equal(s.storage.deleteDefaultAcl(s.bucket, user), true);
    shared.createAcl(reader);
    Scene.equal(shared.updateAcl(owner).getRole(), Role.OWNER);
    Scene.equal(shared.listAcls().stream().filter(acl -> acl.getEntity().equals(user)).count(), 1L);
    Scene.equal(shared.deleteAcl(user), true);
    Scene.equal(shared.deleteAcl(user), false);
    s.storage.create(s.info("public"), "x".getBytes(), BlobTargetOption.predefinedAcl(PredefinedAcl.PUBLIC_READ));
    Scene.equal(s.storage.getAcl(s.id("public"), User.ofAllUsers()).getRole(), Role.READER);
    IamConfiguration uniform = IamConfiguration.newBuilder().setIsUniformBucketLevelAccessEnabled(true).build();
    s.storage.update(BucketInfo.newBuilder(s.bucket).setIamConfiguration(uniform).build());
    Scene.fails(400, () -> s.storage.listAcls(s.id("shared")));
  }

  private static void iam(Scene s) throws Exception {
    s.makeBucket();
    Policy first = s.storage.getIamPolicy(s.bucket);
    Identity reader = Identity.user("reader@example.com");
    Policy changed = first.toBuilder().addIdentity(StorageRoles.objectViewer(), reader).build();
    s.storage.setIamPolicy(s.bucket, changed);
    Policy found = s.storage.getIamPolicy(s.bucket);
    Scene.equal(found.getBindings().get(StorageRoles.objectViewer()).contains(reader), true);
    Scene.fails(412, () -> s.storage.setIamPolicy(s.bucket, changed));
    List<String> wanted = List.of("storage.objects.get", "storage.buckets.delete");
    Scene.equal(s.storage.testIamPermissions(s.bucket, wanted), List.of(true, true));
  }

  private static void hmac(Scene s) throws Exception {
    ServiceAccount robot = ServiceAccount.of("java@test.iam.example.com");
    HmacKey key = s.storage.createHmacKey(robot);
    HmacKeyMetadata made = key.getMetadata();
    Scene.equal(key.getSecretKey().length(), 40);
    Scene.equal(List.of(made.getState(), made.getServiceAccount()), List.of(HmacKeyState.ACTIVE, robot));
    List<String> listed = new ArrayList<>();
    var keys = s.storage.listHmacKeys(ListHmacKeysOption.serviceAccount(robot));
    keys.iterateAll().forEach(one -> listed.add(one.getAccessId()));
    Scene.equal(listed, List.of(made.getAccessId()));
    Scene.fails(
        400,
        () -> {
          s.storage.deleteHmacKey(made);
          return null;
        });
    HmacKeyMetadata inactive = s.storage.updateHmacKeyState(made, HmacKeyState.INACTIVE);
    s.storage.deleteHmacKey(inactive);
    Scene.equal(s.storage.getHmacKey(made.getAccessId()).getState(), HmacKeyState.DELETED);
    Scene.equal(s.storage.getServiceAccount("test").getEmail().isEmpty(), false);
  }

  private static void notifications(Scene s) throws Exception {
    s.makeBucket();
    NotificationInfo info =
        NotificationInfo.newBuilder("projects/test/topics/topic")
            .setPayloadFormat(NotificationInfo.PayloadFormat.JSON_API_V1)
            .setEventTypes(NotificationInfo.EventType.OBJECT_FINALIZE)
            .setObjectNamePrefix("in/")
            .setCustomAttributes(Map.of("from", "java"))
            .build();
    Notification made = s.storage.createNotification(s.bucket, info);
    List<Notification> found = s.storage.listNotifications(s.bucket);
    Scene.equal(found, List.of(made));
    Notification one = s.storage.getNotification(s.bucket, made.getNotificationId());
    Scene.equal(one.getEventTypes(), List.of(NotificationInfo.EventType.OBJECT_FINALIZE));
    Scene.equal(List.of(one.getObjectNamePrefix(), one.getCustomAttributes()), List.of("in/", Map.of("from", "java")));
    Scene.equal(s.storage.deleteNotification(s.bucket, made.getNotificationId()), true);
    Scene.equal(s.storage.deleteNotification(s.bucket, made.getNotificationId()), false);
  }

  private static void folders(Scene s) throws Exception {
    var hierarchy = BucketInfo.HierarchicalNamespace.newBuilder().setEnabled(true).build();
    IamConfiguration uniform = IamConfiguration.newBuilder().setIsUniformBucketLevelAccessEnabled(true).build();
    s.storage.create(
        BucketInfo.newBuilder(s.bucket).setHierarchicalNamespace(hierarchy).setIamConfiguration(uniform).build());
    Scene.equal(s.storage.get(s.bucket).getHierarchicalNamespace().getEnabled(), true);
    s.put("a/b/object", "x");
    s.put("top", "x");
    BlobListOption[] top = {BlobListOption.currentDirectory(), BlobListOption.includeFolders(true)};
    Scene.equal(s.list(top), List.of("top", "a/"));
    s.storage.moveBlob(MoveBlobRequest.newBuilder().setSource(s.id("a/b/object")).setTarget(s.id("c/object")).build());
    // Folders stay when the last object leaves them.
    Scene.equal(s.list(top), List.of("top", "a/", "c/"));
    Scene.equal(s.list(), List.of("c/object", "top"));
  }
}
