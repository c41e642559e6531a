package peer;

import com.google.gson.Gson;
import io.grpc.internal.GrpcUtil;
import java.util.Arrays;
import java.util.Map;

/** A Greeter on grpc-java, and a client that puts load on one. */
public final class Main {
  static final Gson JSON = new Gson();

  public static void main(String[] args) {
    try {
      run(args.length == 0 ? "" : args[0], Arrays.copyOfRange(args, Math.min(1, args.length), args.length));
    } catch (Exception error) {
      System.err.println(error.getMessage() == null ? error : error.getMessage());
      System.exit(1);
    }
  }

  private static void run(String role, String[] args) throws Exception {
    switch (role) {
      case "version" -> System.out.println(JSON.toJson(version()));
      case "server" -> Server.serve(args);
      case "client" -> Load.play(System.in, System.out);
      default -> throw new IllegalArgumentException("usage: version | server --listen ADDRESS | client < CASE");
    }
  }

  /** What this program is made of. */
  static Map<String, String> version() {
    return Map.of(
        "stack", "grpc-java " + GrpcUtil.getGrpcBuildVersion().getImplementationVersion(),
        "runtime", System.getProperty("java.vm.name") + " " + Runtime.version());
  }
}
