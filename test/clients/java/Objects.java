import com.google.cloud.storage.Blob;
import com.google.cloud.storage.BlobId;
import com.google.cloud.storage.BlobInfo;
import com.google.cloud.storage.BlobInfo.ObjectContexts;
import com.google.cloud.storage.BlobInfo.ObjectCustomContextPayload;
import com.google.cloud.storage.BucketInfo;
import com.google.cloud.storage.CopyWriter;
import com.google.cloud.storage.Storage.BlobGetOption;
import com.google.cloud.storage.Storage.BlobListOption;
import com.google.cloud.storage.Storage.BlobRestoreOption;
import com.google.cloud.storage.Storage.BlobSourceOption;
import com.google.cloud.storage.Storage.BlobTargetOption;
import com.google.cloud.storage.Storage.BlobWriteOption;
import com.google.cloud.storage.Storage.BucketTargetOption;
import com.google.cloud.storage.Storage.ComposeRequest;
import com.google.cloud.storage.Storage.CopyRequest;
import com.google.cloud.storage.Storage.MoveBlobRequest;
import com.google.cloud.storage.StorageBatch;
import com.google.cloud.storage.StorageBatchResult;
import com.google.cloud.storage.StorageClass;
import com.google.cloud.storage.StorageException;
import com.google.common.io.BaseEncoding;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Listing objects, making new ones of old ones, and what is said about them. */
final class Objects {
  private static final int MIB = Scene.MIB;

  static void addTo(Map<String, Client.Feature> features) {
    features.put("list", Objects::list);
    features.put("glob", Objects::glob);
    features.put("versions", Objects::versions);
    features.put("copy", Objects::copy);
    features.put("rewrite", Objects::rewrite);
    features.put("compose", Objects::compose);
    features.put("move", Objects::move);
    features.put("preconditions", Objects::preconditions);
    features.put("metadata", Objects::metadata);
    features.put("contexts", Objects::contexts);
    features.put("soft-delete", Objects::softDelete);
    features.put("holds", Objects::holds);
    features.put("keys", Objects::keys);
    features.put("batch", Objects::batch);
  }

  private static void list(Scene s) throws Exception {
    s.makeBucket();
    List<String> all = List.of("a", "b/1", "b/2", "c", "d/1", "d/2/x", "e/", "ü");
    for (String name : all) s.put(name, "x");
    Scene.equal(s.list(), all);
    Scene.equal(s.list(BlobListOption.prefix("b/")), List.of("b/1", "b/2"));
    Scene.equal(s.list(BlobListOption.currentDirectory()), List.of("a", "c", "ü", "b/", "d/", "e/"));
    Scene.equal(
        s.list(BlobListOption.currentDirectory(), BlobListOption.prefix("d/")), List.of("d/1", "d/2/"));
    Scene.equal(
        s.list(BlobListOption.delimiter("/"), BlobListOption.includeTrailingDelimiter(), BlobListOption.prefix("e")),
        List.of("e/", "e/"));
    Scene.equal(
        s.list(BlobListOption.startOffset("b/2"), BlobListOption.endOffset("d/2")), List.of("b/2", "c", "d/1"));
    for (int size : new int[] {1, 3, 100}) {
      List<String> paged = new ArrayList<>();
      for (var page = s.storage.list(s.bucket, BlobListOption.pageSize(size)); page != null; page = page.getNextPage()) {
        int before = paged.size();
        page.getValues().forEach(blob -> paged.add(blob.getName()));
        Scene.equal(paged.size() - before <= size, true);
      }
      Scene.equal(paged, all);
    }
  }

  private static void glob(Scene s) throws Exception {
    s.makeBucket();
    for (String name : List.of("logs/a.txt", "logs/b.csv", "logs/deep/c.txt", "other/d.txt")) s.put(name, "x");
    Scene.equal(s.list(BlobListOption.matchGlob("logs/*.txt")), List.of("logs/a.txt"));
    Scene.equal(
        s.list(BlobListOption.matchGlob("**/*.txt")), List.of("logs/a.txt", "logs/deep/c.txt", "other/d.txt"));
    Scene.equal(s.list(BlobListOption.matchGlob("logs/?.{csv,txt}")), List.of("logs/a.txt", "logs/b.csv"));
  }

  private static void versions(Scene s) throws Exception {
    s.storage.create(BucketInfo.newBuilder(s.bucket).setVersioningEnabled(true).build());
    Blob first = s.put("kept", "one");
    Blob second = s.put("kept", "two");
    Scene.equal(s.storage.delete(s.id("kept")), true);
    Scene.equal(s.storage.get(s.id("kept")), null);
    Scene.equal(s.list(), List.of());
    Scene.equal(s.list(BlobListOption.versions(true)), List.of("kept", "kept"));
    Scene.same(s.storage.readAllBytes(first.getBlobId()), "one".getBytes());
    Scene.equal(s.storage.get(second.getBlobId()).getDeleteTimeOffsetDateTime() != null, true);
    s.storage.copy(CopyRequest.of(first.getBlobId(), s.id("kept"))).getResult();
    Scene.equal(s.read("kept"), "one");
    Scene.equal(s.storage.delete(second.getBlobId()), true);
    Scene.equal(s.list(BlobListOption.versions(true)), List.of("kept", "kept"));
    Scene.fails(404, () -> s.storage.readAllBytes(second.getBlobId()));
  }

  private static void copy(Scene s) throws Exception {
    s.makeBucket();
    byte[] content = Scene.noise(3 * MIB);
    Map<String, String> blue = Map.of("color", "blue");
    BlobInfo info = BlobInfo.newBuilder(s.id("source")).setContentType("text/x").setMetadata(blue).build();
    Blob source = s.storage.create(info, content);
    Blob copied = source.copyTo(s.id("copy")).getResult();
    Scene.equal(copied.getContentType() + copied.getMetadata(), "text/x" + blue);
    Scene.equal(copied.getCrc32c(), source.getCrc32c());
    BlobInfo near = BlobInfo.newBuilder(s.id("changed")).setStorageClass(StorageClass.NEARLINE).build();
    CopyRequest change = CopyRequest.newBuilder().setSource(s.id("source")).setTarget(near).build();
    Scene.equal(s.storage.copy(change).getResult().getStorageClass(), StorageClass.NEARLINE);
    BlobSourceOption stale = BlobSourceOption.generationMatch(source.getGeneration() + 1);
    CopyRequest refused =
        CopyRequest.newBuilder().setSource(s.id("source")).setSourceOptions(stale).setTarget(s.id("copy")).build();
    Scene.fails(412, () -> s.storage.copy(refused).getResult());
    s.storage.create(BucketInfo.of(s.bucket + "-other"));
    BlobId elsewhere = BlobId.of(s.bucket + "-other", "copy");
    source.copyTo(elsewhere).getResult();
    Scene.same(s.storage.readAllBytes(elsewhere), content);
  }

  private static void rewrite(Scene s) throws Exception {
    s.makeBucket();
    byte[] content = Scene.noise(4 * MIB + 5);
    s.storage.create(s.info("source"), content);
    String key = BaseEncoding.base64().encode(Scene.noise(32));
    CopyRequest request =
        CopyRequest.newBuilder()
            .setSource(s.id("source"))
            .setTarget(s.id("rewritten"), BlobTargetOption.encryptionKey(key))
            .setMegabytesCopiedPerChunk(1L)
            .build();
    CopyWriter writer = s.storage.copy(request);
    List<Long> progress = new ArrayList<>(List.of(writer.getTotalBytesCopied()));
    while (!writer.isDone()) {
      writer.copyChunk();
      progress.add(writer.getTotalBytesCopied());
    }
    Scene.equal(progress, List.of(1L * MIB, 2L * MIB, 3L * MIB, 4L * MIB, 4L * MIB + 5));
    Scene.same(s.storage.readAllBytes(s.id("rewritten"), BlobSourceOption.decryptionKey(key)), content);
  }

  private static void compose(Scene s) throws Exception {
    s.makeBucket();
    ComposeRequest.Builder request = ComposeRequest.newBuilder();
    StringBuilder whole = new StringBuilder();
    for (int i = 0; i < 32; i++) {
      String part = "part " + i + ";";
      s.put("part/" + i, part);
      request.addSource("part/" + i);
      whole.append(part);
    }
    BlobInfo target = BlobInfo.newBuilder(s.id("composed")).setContentType("text/x").build();
    Blob composed = s.storage.compose(request.setTarget(target).build());
    Scene.equal(List.of(composed.getComponentCount(), composed.getContentType()), List.of(32, "text/x"));
    Scene.equal(composed.getMd5(), null);
    Scene.equal(s.read("composed"), whole.toString());
    ComposeRequest.Builder again = ComposeRequest.newBuilder().addSource("part/1").setTarget(target);
    Scene.fails(412, () -> s.storage.compose(again.setTargetOptions(BlobTargetOption.doesNotExist()).build()));
    ComposeRequest missing = ComposeRequest.of(List.of("missing"), s.info("none"));
    Scene.fails(404, () -> s.storage.compose(missing));
  }

  private static void move(Scene s) throws Exception {
    s.makeBucket();
    Blob source = s.put("from", "moved");
    s.put("taken", "taken");
    MoveBlobRequest.Builder request =
        MoveBlobRequest.newBuilder()
            .setSource(s.id("from"))
            .setSourceOptions(BlobSourceOption.generationMatch(source.getGeneration()))
            .setTargetOptions(BlobTargetOption.doesNotExist());
    Scene.fails(412, () -> s.storage.moveBlob(request.setTarget(s.id("taken")).build()));
    Blob moved = s.storage.moveBlob(request.setTarget(s.id("to")).build());
    Scene.equal(moved.getCrc32c(), source.getCrc32c());
    Scene.equal(s.read("to"), "moved");
    Scene.equal(s.list(), List.of("taken", "to"));
  }

  private static void preconditions(Scene s) throws Exception {
    s.makeBucket();
    Blob one = s.storage.create(s.info("guarded"), "one".getBytes(), BlobTargetOption.doesNotExist());
    long generation = one.getGeneration();
    byte[] two = "two".getBytes();
    Scene.fails(412, () -> s.storage.create(s.info("guarded"), two, BlobTargetOption.doesNotExist()));
    Scene.fails(
        412, () -> s.storage.create(s.info("guarded"), two, BlobTargetOption.generationMatch(generation + 1)));
    Scene.fails(
        412,
        () ->
            s.storage.createFrom(s.info("guarded"), new ByteArrayInputStream(two), BlobWriteOption.doesNotExist()));
    s.storage.readAllBytes(s.id("guarded"), BlobSourceOption.generationMatch(generation));
    Scene.fails(
        412, () -> s.storage.readAllBytes(s.id("guarded"), BlobSourceOption.generationMatch(generation + 1)));
    Scene.fails(
        304, () -> s.storage.readAllBytes(s.id("guarded"), BlobSourceOption.generationNotMatch(generation)));
    Scene.fails(304, () -> s.storage.get(s.id("guarded"), BlobGetOption.metagenerationNotMatch(1)));
    BlobInfo update = BlobInfo.newBuilder(s.id("guarded")).setContentType("text/x").build();
    Scene.fails(412, () -> s.storage.update(update, BlobTargetOption.metagenerationMatch(2)));
    Scene.equal(s.storage.update(update, BlobTargetOption.metagenerationMatch(1)).getMetageneration(), 2L);
    Scene.fails(412, () -> s.storage.delete(s.id("guarded"), BlobSourceOption.generationMatch(generation + 1)));
    s.storage.create(s.info("guarded"), two, BlobTargetOption.generationMatch(generation));
    Scene.equal(s.read("guarded"), "two");
  }

  private static void metadata(Scene s) throws Exception {
    s.makeBucket();
    OffsetDateTime noon = OffsetDateTime.parse("2024-02-29T12:00:00Z");
    Map<String, String> custom = Map.of("color", "blue", "ключ", "значение");
    s.storage.create(
        BlobInfo.newBuilder(s.id("described"))
            .setMetadata(custom)
            .setCustomTimeOffsetDateTime(noon)
            .setCacheControl("no-store")
            .setContentDisposition("attachment")
            .setContentLanguage("de")
            .build(),
        "x".getBytes());
    Blob found = s.storage.get(s.id("described"));
    Scene.equal(found.getMetadata(), custom);
    Scene.equal(found.getCustomTimeOffsetDateTime().isEqual(noon), true);
    Scene.equal(
        List.of(found.getCacheControl(), found.getContentDisposition(), found.getContentLanguage()),
        List.of("no-store", "attachment", "de"));
    Map<String, String> change = new HashMap<>(Map.of("shape", "round"));
    change.put("color", null);
    found = found.toBuilder().setMetadata(change).setCacheControl(null).build().update();
    Scene.equal(found.getMetadata().get("shape"), "round");
    Scene.equal(found.getMetadata().containsKey("color"), false);
    Scene.equal(s.storage.get(s.id("described")).getCacheControl(), null);
    Scene.equal(found.getMetageneration(), 2L);
    BlobInfo earlier = found.toBuilder().setCustomTimeOffsetDateTime(noon.minusHours(1)).build();
    Scene.fails(400, () -> s.storage.update(earlier));
    found.toBuilder().setMetadata(null).build().update();
    Scene.equal(s.storage.get(s.id("described")).getMetadata(), null);
  }

  private static void contexts(Scene s) throws Exception {
    s.makeBucket();
    s.storage.create(tagged(s, Map.of("kind", payload("invoice"))), "x".getBytes());
    s.put("plain", "x");
    Blob found = s.storage.get(s.id("tagged"));
    Scene.equal(found.getContexts().getCustom().get("kind").getValue(), "invoice");
    Scene.equal(s.list(BlobListOption.filter("contexts.\"kind\"=\"invoice\"")), List.of("tagged"));
    Scene.equal(s.list(BlobListOption.filter("-contexts.\"kind\":*")), List.of("plain"));
    Map<String, ObjectCustomContextPayload> change = new HashMap<>(Map.of("state", payload("paid")));
    change.put("kind", null);
    s.storage.update(tagged(s, change));
    Scene.equal(s.storage.get(s.id("tagged")).getContexts().getCustom().keySet().toString(), "[state]");
  }

  private static BlobInfo tagged(Scene s, Map<String, ObjectCustomContextPayload> custom) {
    ObjectContexts contexts = ObjectContexts.newBuilder().setCustom(custom).build();
    return BlobInfo.newBuilder(s.id("tagged")).setContexts(contexts).build();
  }

  private static ObjectCustomContextPayload payload(String value) {
    return ObjectCustomContextPayload.newBuilder().setValue(value).build();
  }

  private static void softDelete(Scene s) throws Exception {
    Duration week = Duration.ofDays(7);
    var policy = BucketInfo.SoftDeletePolicy.newBuilder().setRetentionDuration(week).build();
    s.storage.create(BucketInfo.newBuilder(s.bucket).setSoftDeletePolicy(policy).build());
    Blob lost = s.put("lost", "found again");
    s.storage.delete(s.id("lost"));
    Scene.equal(s.list(), List.of());
    Scene.equal(s.list(BlobListOption.softDeleted(true)), List.of("lost"));
    Blob gone = s.storage.get(lost.getBlobId(), BlobGetOption.softDeleted(true));
    Scene.equal(Duration.between(gone.getSoftDeleteTime(), gone.getHardDeleteTime()), week);
    Blob back = s.storage.restore(lost.getBlobId(), BlobRestoreOption.copySourceAcl(true));
    Scene.equal(back.getGeneration() > lost.getGeneration(), true);
    Scene.equal(s.read("lost"), "found again");
  }

  private static void holds(Scene s) throws Exception {
    s.makeBucket();
    Blob held = s.put("held", "x");
    for (boolean isTemporary : List.of(true, false)) {
      held = hold(held, isTemporary, true);
      Scene.fails(403, () -> s.storage.delete(s.id("held")));
      held = hold(held, isTemporary, false);
    }
    Scene.equal(s.storage.delete(s.id("held")), true);
    var bucket = s.storage.get(s.bucket).toBuilder().setRetentionPeriod(3600L).build().update();
    s.put("kept", "x");
    Scene.fails(403, () -> s.storage.delete(s.id("kept")));
    bucket = bucket.lockRetentionPolicy(BucketTargetOption.metagenerationMatch());
    Scene.equal(bucket.retentionPolicyIsLocked(), true);
    var shorter = bucket.toBuilder().setRetentionPeriod(60L).build();
    Scene.fails(403, shorter::update);
    // Retention of single objects.
    BucketInfo other = BucketInfo.of(s.bucket + "-objects");
    s.storage.create(other, BucketTargetOption.enableObjectRetention(true));
    Blob kept = s.storage.create(BlobInfo.newBuilder(other, "kept").build(), "x".getBytes());
    BlobInfo.Retention retention =
        BlobInfo.Retention.newBuilder()
            .setMode(BlobInfo.Retention.Mode.UNLOCKED)
            .setRetainUntilTime(OffsetDateTime.now().plusHours(1))
            .build();
    kept = kept.toBuilder().setRetention(retention).build().update();
    Scene.fails(403, kept::delete);
    BlobInfo freed = kept.toBuilder().setRetention(null).build();
    Scene.fails(403, () -> s.storage.update(freed));
    s.storage.update(freed, BlobTargetOption.overrideUnlockedRetention(true));
    Scene.equal(s.storage.delete(BlobId.of(other.getName(), "kept")), true);
  }

  private static Blob hold(Blob blob, boolean isTemporary, boolean isOn) {
    var changed = blob.toBuilder();
    return (isTemporary ? changed.setTemporaryHold(isOn) : changed.setEventBasedHold(isOn)).build().update();
  }

  private static void keys(Scene s) throws Exception {
    s.makeBucket();
    byte[] content = Scene.noise(3 * MIB + 1);
    String key = BaseEncoding.base64().encode(Scene.noise(32));
    String next = BaseEncoding.base64().encode(Arrays.copyOf(Scene.noise(64), 32));
    for (boolean isResumable : List.of(false, true)) {
      if (isResumable) {
        BlobWriteOption keyed = BlobWriteOption.encryptionKey(key);
        s.storage.createFrom(s.info("keyed"), new ByteArrayInputStream(content), MIB, keyed);
      } else {
        s.storage.create(s.info("keyed"), content, BlobTargetOption.encryptionKey(key));
      }
      Scene.same(s.storage.readAllBytes(s.id("keyed"), BlobSourceOption.decryptionKey(key)), content);
      Scene.fails(400, () -> s.storage.readAllBytes(s.id("keyed")));
      Scene.fails(400, () -> s.storage.readAllBytes(s.id("keyed"), BlobSourceOption.decryptionKey(next)));
      Scene.equal(s.storage.get(s.id("keyed")).getCustomerEncryption().getEncryptionAlgorithm(), "AES256");
      CopyRequest rotate =
          CopyRequest.newBuilder()
              .setSource(s.id("keyed"))
              .setSourceOptions(BlobSourceOption.decryptionKey(key))
              .setTarget(s.id("keyed"), BlobTargetOption.encryptionKey(next))
              .build();
      s.storage.copy(rotate).getResult();
      Scene.same(s.storage.readAllBytes(s.id("keyed"), BlobSourceOption.decryptionKey(next)), content);
      Scene.fails(400, () -> s.storage.readAllBytes(s.id("keyed"), BlobSourceOption.decryptionKey(key)));
    }
  }

  private static void batch(Scene s) throws Exception {
    s.makeBucket();
    for (int i = 0; i < 120; i++) s.put("many/" + i, "x");
    StorageBatch changes = s.storage.batch();
    Map<String, String> blue = Map.of("color", "blue");
    StorageBatchResult<Blob> changed =
        changes.update(BlobInfo.newBuilder(s.id("many/0")).setMetadata(blue).build());
    StorageBatchResult<Blob> got = changes.get(s.id("many/1"));
    StorageBatchResult<Blob> none = changes.get(s.id("none"));
    StorageBatchResult<Blob> refused = changes.update(s.info("none"));
    changes.submit();
    Scene.equal(changed.get().getMetadata(), blue);
    Scene.equal(got.get().getName(), "many/1");
    Scene.equal(none.get(), null);
    Scene.fails(404, refused::get);
    // More than one batch may hold: the client sends several.
    List<BlobId> ids = new ArrayList<>();
    for (int i = 0; i < 120; i++) ids.add(s.id("many/" + i));
    ids.add(s.id("none"));
    List<Boolean> deleted = s.storage.delete(ids);
    Scene.equal(deleted.stream().filter(one -> one).count(), 120L);
    Scene.equal(deleted.get(120), false);
    Scene.equal(s.list(), List.of());
  }
}
