import com.google.api.gax.retrying.RetrySettings;
import com.google.api.gax.rpc.FixedHeaderProvider;
import com.google.cloud.NoCredentials;
import com.google.cloud.storage.Blob;
import com.google.cloud.storage.BlobId;
import com.google.cloud.storage.BlobInfo;
import com.google.cloud.storage.BucketInfo;
import com.google.cloud.storage.Storage;
import com.google.cloud.storage.Storage.BlobListOption;
import com.google.cloud.storage.StorageException;
import com.google.cloud.storage.StorageOptions;
import com.google.cloud.storage.StorageRetryStrategy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What one feature plays in: a bucket of its own. */
final class Scene {
  static final int MIB = 1024 * 1024;
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  final String url;
  final String bucket;
  final Storage storage;

  Scene(String url, String bucket) {
    this.url = url;
    this.bucket = bucket;
    this.storage = connect(url, Map.of());
  }

  private static Storage connect(String url, Map<String, String> headers) {
    RetrySettings quick =
        RetrySettings.newBuilder()
            .setInitialRetryDelayDuration(Duration.ofMillis(10))
            .setMaxRetryDelayDuration(Duration.ofMillis(100))
            .setRetryDelayMultiplier(2)
            .setMaxAttempts(6)
            .setTotalTimeoutDuration(Duration.ofSeconds(30))
            .build();
    return StorageOptions.http()
        .setHost(url)
        .setProjectId("test")
        .setCredentials(NoCredentials.getInstance())
        .setHeaderProvider(FixedHeaderProvider.create(headers))
        .setRetrySettings(quick)
        .setStorageRetryStrategy(StorageRetryStrategy.getDefaultStorageRetryStrategy())
        .build()
        .getService();
  }

  void makeBucket() {
    storage.create(BucketInfo.of(bucket));
  }

  BlobId id(String name) {
    return BlobId.of(bucket, name);
  }

  BlobInfo info(String name) {
    return BlobInfo.newBuilder(id(name)).build();
  }

  Blob put(String name, String content) {
    return storage.create(info(name), content.getBytes(StandardCharsets.UTF_8));
  }

  String read(String name) {
    return new String(storage.readAllBytes(id(name)), StandardCharsets.UTF_8);
  }

  List<String> list(BlobListOption... options) {
    List<String> names = new ArrayList<>();
    storage.list(bucket, options).iterateAll().forEach(blob -> names.add(blob.getName()));
    return names;
  }

  /** Calls of `storage` fail as the instructions say, until `assertDone`. */
  record Faults(Storage storage, URI test) {
    void assertDone() throws Exception {
      String state = HTTP.send(HttpRequest.newBuilder(test).build(), HttpResponse.BodyHandlers.ofString()).body();
      if (!state.contains("\"completed\":true")) throw new AssertionError("calls that should have failed: " + state);
    }
  }

  /** {@code instructions}: JSON, failures by method. */
  Faults faults(String instructions) throws Exception {
    HttpRequest plan =
        HttpRequest.newBuilder(URI.create(url + "/retry_test"))
            .POST(HttpRequest.BodyPublishers.ofString("{\"instructions\":" + instructions + "}"))
            .build();
    String made = HTTP.send(plan, HttpResponse.BodyHandlers.ofString()).body();
    Matcher id = Pattern.compile("\"id\":\"([^\"]+)\"").matcher(made);
    if (!id.find()) throw new AssertionError(made);
    Storage faulty = connect(url, Map.of("x-retry-test-id", id.group(1)));
    return new Faults(faulty, URI.create(url + "/retry_test/" + id.group(1)));
  }

  static byte[] noise(int size) {
    byte[] content = new byte[size];
    new Random(size).nextBytes(content);
    return content;
  }

  static void equal(Object found, Object wanted) {
    if (!Objects.equals(found, wanted)) throw new AssertionError("found " + found + ", wanted " + wanted);
  }

  static void same(byte[] found, byte[] wanted) {
    if (!Arrays.equals(found, wanted)) {
      throw new AssertionError(found.length + " bytes that are not the " + wanted.length + " wanted");
    }
  }

  static void fails(int status, Callable<?> call) throws Exception {
    try {
      call.call();
    } catch (Exception failure) {
      for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
        if (cause instanceof StorageException refused && refused.getCode() == status) return;
      }
      throw failure;
    }
    throw new AssertionError("no failure, wanted status " + status);
  }
}
