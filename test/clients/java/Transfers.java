import com.google.cloud.ReadChannel;
import com.google.cloud.WriteChannel;
import com.google.cloud.storage.Blob;
import com.google.cloud.storage.BlobInfo;
import com.google.cloud.storage.Storage;
import com.google.cloud.storage.Storage.BlobSourceOption;
import com.google.cloud.storage.Storage.BlobTargetOption;
import com.google.cloud.storage.Storage.BlobWriteOption;
import com.google.common.hash.Hashing;
import com.google.common.io.BaseEncoding;
import com.google.common.primitives.Ints;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/** Bytes up and down. */
final class Transfers {
  private static final int MIB = Scene.MIB;

  static void addTo(Map<String, Client.Feature> features) {
    features.put("upload-simple", Transfers::uploadSimple);
    features.put("upload-resumable", Transfers::uploadResumable);
    features.put("upload-resumed", Transfers::uploadResumed);
    features.put("download", Transfers::download);
    features.put("ranges", Transfers::ranges);
    features.put("gzip", Transfers::gzip);
    features.put("checksums", Transfers::checksums);
    features.put("retries", Transfers::retries);
  }

  private static void uploadSimple(Scene s) throws Exception {
    s.makeBucket();
    byte[] content = Scene.noise(3 * MIB + 17);
    for (int size : new int[] {0, 14, content.length}) {
      BlobInfo info = BlobInfo.newBuilder(s.id("dir/ü?#% " + size)).setContentType("text/x").build();
      byte[] part = Arrays.copyOf(content, size);
      Blob made = s.storage.create(info, part);
      Scene.equal(made.getSize(), (long) size);
      Scene.equal(made.getContentType(), "text/x");
      Scene.same(s.storage.readAllBytes(info.getBlobId()), part);
    }
  }

  private static void uploadResumable(Scene s) throws Exception {
    s.makeBucket();
    byte[] content = Scene.noise(9 * MIB + 17);
    for (int chunk : new int[] {256 * 1024, 2 * MIB, 16 * MIB}) {
      try (WriteChannel channel = s.storage.writer(s.info("chunked"))) {
        channel.setChunkSize(chunk);
        write(channel, content);
      }
      Scene.same(s.storage.readAllBytes(s.id("chunked")), content);
    }
    byte[] exact = Arrays.copyOf(content, 4 * MIB);
    s.storage.createFrom(s.info("exact"), new ByteArrayInputStream(exact), MIB);
    Scene.same(s.storage.readAllBytes(s.id("exact")), exact);
    Path file = Files.createTempFile("upload", null);
    Files.write(file, content);
    s.storage.createFrom(s.info("file"), file);
    Files.delete(file);
    Scene.same(s.storage.readAllBytes(s.id("file")), content);
    // Another client goes on with what this one has begun.
    WriteChannel begun = s.storage.writer(s.info("captured"));
    begun.setChunkSize(2 * MIB);
    write(begun, Arrays.copyOf(content, 4 * MIB));
    try (WriteChannel restored = begun.capture().restore()) {
      write(restored, Arrays.copyOfRange(content, 4 * MIB, content.length));
    }
    Scene.same(s.storage.readAllBytes(s.id("captured")), content);
  }

  private static void uploadResumed(Scene s) throws Exception {
    s.makeBucket();
    byte[] content = Scene.noise(9 * MIB);
    Scene.Faults faults =
        s.faults("{\"storage.objects.insert\":[\"return-reset-connection-after-2304K\",\"return-503-after-5120K\"]}");
    try (WriteChannel channel = faults.storage().writer(s.info("cut"), BlobWriteOption.doesNotExist())) {
      channel.setChunkSize(4 * MIB);
      write(channel, content);
    }
    faults.assertDone();
    Scene.equal(s.storage.get(s.id("cut")).getCrc32c(), crc32c(content));
    Scene.same(s.storage.readAllBytes(s.id("cut")), content);
  }

  private static void download(Scene s) throws Exception {
    s.makeBucket();
    byte[] content = Scene.noise(9 * MIB + 17);
    s.storage.create(s.info("large"), content);
    Scene.same(s.storage.readAllBytes(s.id("large")), content);
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    s.storage.downloadTo(s.id("large"), whole);
    Scene.same(whole.toByteArray(), content);
    try (ReadChannel channel = s.storage.reader(s.id("large"))) {
      channel.setChunkSize(MIB);
      Scene.same(Channels.newInputStream(channel).readAllBytes(), content);
    }
    Scene.fails(404, () -> s.storage.readAllBytes(s.id("none")));
    Scene.equal(s.storage.get(s.id("none")), null);
    // A download that breaks off is taken up again by range.
    Scene.Faults faults = s.faults("{\"storage.objects.get\":[\"return-broken-stream-after-256K\"]}");
    try (ReadChannel channel = faults.storage().reader(s.id("large"))) {
      Scene.same(Channels.newInputStream(channel).readAllBytes(), content);
    }
    faults.assertDone();
  }

  private static void ranges(Scene s) throws Exception {
    s.makeBucket();
    byte[] content = Scene.noise(3 * MIB);
    s.storage.create(s.info("ranged"), content);
    for (int[] range : new int[][] {{0, 1}, {1_000_000, 1_000_100}, {2_000_000, 3 * MIB}, {3 * MIB - 1, 3 * MIB}}) {
      try (ReadChannel channel = s.storage.reader(s.id("ranged"))) {
        channel.seek(range[0]);
        channel.limit(range[1]);
        byte[] part = Channels.newInputStream(channel).readAllBytes();
        Scene.same(part, Arrays.copyOfRange(content, range[0], range[1]));
      }
    }
    try (ReadChannel channel = s.storage.reader(s.id("ranged"))) {
      channel.seek(3 * MIB);
      Scene.equal(channel.read(ByteBuffer.allocate(1)), -1);
    }
  }

  private static void gzip(Scene s) throws Exception {
    s.makeBucket();
    byte[] content = "a line that repeats itself\n".repeat(10_000).getBytes();
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream zipper = new GZIPOutputStream(packed)) {
      zipper.write(content);
    }
    BlobInfo info = BlobInfo.newBuilder(s.id("packed")).setContentEncoding("gzip").setContentType("text/plain").build();
    Scene.equal(s.storage.create(info, packed.toByteArray()).getSize(), (long) packed.size());
    Scene.same(s.storage.readAllBytes(s.id("packed")), content);
    for (boolean isRaw : List.of(true, false)) {
      BlobSourceOption raw = BlobSourceOption.shouldReturnRawInputStream(isRaw);
      try (ReadChannel channel = s.storage.reader(s.id("packed"), raw)) {
        Scene.same(Channels.newInputStream(channel).readAllBytes(), isRaw ? packed.toByteArray() : content);
      }
    }
  }

  private static void checksums(Scene s) throws Exception {
    s.makeBucket();
    byte[] content = Scene.noise(MIB);
    byte[] other = "other".getBytes();
    String md5 = BaseEncoding.base64().encode(Hashing.md5().hashBytes(content).asBytes());
    BlobInfo right = BlobInfo.newBuilder(s.id("checked")).setCrc32c(crc32c(content)).setMd5(md5).build();
    BlobInfo wrong = BlobInfo.newBuilder(s.id("checked")).setCrc32c(crc32c(other)).build();
    Scene.fails(
        400,
        () -> {
          try (WriteChannel channel = s.storage.writer(wrong, BlobWriteOption.crc32cMatch())) {
            write(channel, content);
          }
          return null;
        });
    Scene.equal(s.storage.get(s.id("checked")), null);
    try (WriteChannel channel =
        s.storage.writer(right, BlobWriteOption.crc32cMatch(), BlobWriteOption.md5Match())) {
      write(channel, content);
    }
    Blob found = s.storage.get(s.id("checked"));
    Scene.equal(found.getCrc32c(), crc32c(content));
    Scene.equal(found.getMd5(), md5);
    Scene.same(found.getContent(), content);
  }

  private static void retries(Scene s) throws Exception {
    s.makeBucket();
    s.put("there", "content");
    Scene.Faults faults =
        s.faults(
            "{\"storage.buckets.get\":[\"return-503\",\"return-503\"],\"storage.objects.list\":[\"return-503\"],"
                + "\"storage.objects.get\":[\"return-503\",\"return-reset-connection\"],"
                + "\"storage.objects.insert\":[\"return-503\"],\"storage.objects.delete\":[\"return-503\"]}");
    Storage faulty = faults.storage();
    Scene.equal(faulty.get(s.bucket).getName(), s.bucket);
    Scene.equal(faulty.list(s.bucket).iterateAll().iterator().next().getName(), "there");
    Blob there = faulty.get(s.id("there"));
    faulty.create(s.info("new"), "new".getBytes(), BlobTargetOption.doesNotExist());
    Scene.equal(faulty.delete(there.getBlobId()), true);
    faults.assertDone();
    Scene.equal(s.list(), List.of("new"));
    // What may not be repeated is not.
    Scene.Faults once = s.faults("{\"storage.objects.insert\":[\"return-503\"]}");
    Scene.fails(503, () -> once.storage().create(s.info("unguarded"), "x".getBytes()));
  }

  private static void write(WriteChannel channel, byte[] content) throws Exception {
    for (ByteBuffer rest = ByteBuffer.wrap(content); rest.hasRemaining(); ) channel.write(rest);
  }

  private static String crc32c(byte[] content) {
    return BaseEncoding.base64().encode(Ints.toByteArray(Hashing.crc32c().hashBytes(content).asInt()));
  }
}
