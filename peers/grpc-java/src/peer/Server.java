package peer;

import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Serves the Greeter. */
final class Server {
  private static final Set<String> OPTIONS =
      Set.of("--listen", "--delay-ns", "--error-share", "--error-code", "--error-delay-ns", "--require");

  /** Prints the address and serves until standard input closes or SIGTERM comes. */
  static void serve(String[] args) throws Exception {
    var options = options(args);
    var greeter = new Greeter(behaviour(options));
    var required = new Required(required(args));
    var server =
        NettyServerBuilder.forAddress(address(options.getOrDefault("--listen", "127.0.0.1:0")))
            .maxInboundMessageSize(Integer.MAX_VALUE)
            .intercept(new Ends())
            .addService(required.of(Early.replies(greeter.bindService())))
            .addService(new Counts.Service(greeter.counts))
            .addService(new HealthStatusManager().getHealthService())
            .build()
            .start();
    var host = ((InetSocketAddress) server.getListenSockets().get(0)).getAddress().getHostAddress();
    System.out.println("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + server.getPort());
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(server)));
    waitForTheEnd(System.in);
    stop(server);
  }

  private static void waitForTheEnd(InputStream input) throws IOException {
    input.transferTo(OutputStream.nullOutputStream());
  }

  /** Of SIGTERM too: a stop in good order is no failure. */
  private static void end(io.grpc.Server server) {
    stop(server);
    Runtime.getRuntime().halt(0);
  }

  /** Lets calls in flight finish, for five seconds at most. */
  private static void stop(io.grpc.Server server) {
    try {
      server.shutdown().awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    server.shutdownNow();
  }

  private static Map<String, String> options(String[] args) {
    var options = new HashMap<String, String>();
    for (int at = 0; at < args.length; at += 2) {
      if (!OPTIONS.contains(args[at]) || at + 1 == args.length) {
        throw new IllegalArgumentException(args[at] + " is no option or has no value, expected " + OPTIONS);
      }
      options.put(args[at], args[at + 1]);
    }
    return options;
  }

  /** The one option that there may be several of. */
  private static List<String> required(String[] args) {
    var required = new ArrayList<String>();
    for (int at = 0; at < args.length; at += 2) {
      if (args[at].equals("--require")) required.add(args[at + 1]);
    }
    return required;
  }

  private static Behaviour behaviour(Map<String, String> options) {
    var delay = options.getOrDefault("--delay-ns", "0");
    return new Behaviour(
        Long.parseLong(delay),
        Double.parseDouble(options.getOrDefault("--error-share", "0")),
        Status.Code.valueOf(options.getOrDefault("--error-code", "UNAVAILABLE")),
        Long.parseLong(options.getOrDefault("--error-delay-ns", delay)),
        new AtomicLong());
  }

  private static InetSocketAddress address(String listen) {
    int colon = listen.lastIndexOf(':');
    return new InetSocketAddress(listen.substring(0, colon), Integer.parseInt(listen.substring(colon + 1)));
  }
}
