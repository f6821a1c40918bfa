import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The features of docs/reference/clients.md with Google's client for Java, unmodified. Prints for each a line of JSON,
 * {"feature": …}, with an "error" when the client did not get what it should have. Argument: the URL of the gateway.
 */
public final class Client {
  interface Feature {
    void run(Scene scene) throws Exception;
  }

  public static void main(String[] args) {
    Map<String, Feature> features = new LinkedHashMap<>();
    Transfers.addTo(features);
    Objects.addTo(features);
    Buckets.addTo(features);
    features.forEach((name, feature) -> report(name, play(feature, new Scene(args[0], "java-" + name))));
    System.exit(0);
  }

  /** How it failed, or null. */
  private static String play(Feature feature, Scene scene) {
    try {
      feature.run(scene);
      return null;
    } catch (Exception | AssertionError failure) {
      StringWriter trace = new StringWriter();
      failure.printStackTrace(new PrintWriter(trace));
      return trace.toString();
    }
  }

  private static void report(String name, String failure) {
    String error = failure == null ? "" : ",\"error\":" + quoted(failure);
    System.out.println("{\"feature\":" + quoted(name) + error + "}");
  }

  private static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') json.append('\\').append(c);
      else if (c < ' ') json.append(String.format("\\u%04x", (int) c));
      else json.append(c);
    }
    return json.append('"').toString();
  }
}
