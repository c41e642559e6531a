package peer;

import com.sun.management.OperatingSystemMXBean;
import helloworld.GreeterGrpc;
import helloworld.GreeterGrpc.GreeterStub;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** A case under way: so much load, for so long, on so many connections. */
final class Load {
  private static final long PATIENCE_S = 10;

  private final Case given;
  private final Work work;
  private final long[] schedule;
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final List<GreeterStub> stubs = new ArrayList<>();
  /** As many as there can be threads at a time. */
  private final Totals[] totals = new Totals[Runtime.getRuntime().availableProcessors()];
  /** What is under way: calls, and slots that start them. */
  private final Phaser underWay = new Phaser(1);
  private final AtomicInteger inFlight = new AtomicInteger();
  /** Made before the load starts: a cold JVM takes longer for it than a short phase lasts. */
  private final OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private volatile boolean isOver;
  private long start;

  private Load(Case given) throws IOException {
    this.given = given;
    work = new Work(given, this::now);
    schedule = given.open == null ? null : schedule(given.open.schedule);
    for (int index = 0; index < totals.length; index++) {
      totals[index] = new Totals();
    }
  }

  /** Reads a case, plays it and writes what came of it. */
  static void play(InputStream input, PrintStream output) throws Exception {
    var given = Main.JSON.fromJson(new InputStreamReader(input), Case.class);
    if (given == null || (given.closed == null) == (given.open == null)) {
      throw new IllegalArgumentException("the case has neither or both of closed and open, expected one of them");
    }
    output.println(Main.JSON.toJson(new Load(given).run()));
    output.flush();
    System.exit(0);
  }

  private Map<String, Object> run() throws Exception {
    connect();
    start = System.nanoTime();
    long begun = System.currentTimeMillis() * 1_000_000;
    var cpu = CompletableFuture.supplyAsync(this::measureCpu, task -> new Thread(task, "measure").start());
    if (given.open == null) {
      closed();
    } else {
      open();
    }
    drain();
    var sum = new Totals();
    for (var part : totals) {
      sum.merge(part);
    }
    var result = new LinkedHashMap<String, Object>();
    result.put("version", Main.version());
    result.put("measured_ns", given.measure);
    result.put("measure_start_unix_ns", begun + given.warmUp);
    result.putAll(sum.result());
    result.put("cpu_ns", cpu.get());
    result.put("peak_rss_bytes", peakRss());
    return result;
  }

  private long now() {
    return System.nanoTime() - start;
  }

  /** Of -bin keys the value is written in base64. */
  private static void put(Metadata metadata, String key, String value) {
    if (key.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
      metadata.put(Metadata.Key.of(key, Metadata.BINARY_BYTE_MARSHALLER), Base64.getDecoder().decode(value));
    } else {
      metadata.put(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER), value);
    }
  }

  /** Opens all connections and waits until they are there. */
  private void connect() throws Exception {
    var metadata = new Metadata();
    if (given.metadata != null) {
      given.metadata.forEach((key, value) -> put(metadata, key, value));
    }
    for (int index = 0; index < given.channels; index++) {
      var channel =
          Grpc.newChannelBuilder(given.address, InsecureChannelCredentials.create())
              .maxInboundMessageSize(Integer.MAX_VALUE)
              .build();
      channels.add(channel);
      stubs.add(GreeterGrpc.newStub(channel).withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata)));
    }
    for (var channel : channels) {
      var ready = new CompletableFuture<Void>();
      await(channel, ready);
      try {
        ready.get(PATIENCE_S, TimeUnit.SECONDS);
      } catch (TimeoutException late) {
        throw new IOException("no connection to " + given.address + " within " + PATIENCE_S + " s");
      }
    }
  }

  private static void await(ManagedChannel channel, CompletableFuture<Void> ready) {
    var state = channel.getState(true);
    if (state == ConnectivityState.READY) {
      ready.complete(null);
    } else {
      channel.notifyWhenStateChanged(state, () -> await(channel, ready));
    }
  }

  /** Keeps so many calls in flight on each channel. */
  private void closed() {
    for (int channel = 0; channel < given.channels; channel++) {
      for (int slot = 0; slot < given.closed.inFlight; slot++) {
        underWay.register();
        next(channel);
      }
    }
  }

  /** A call is meant to start when its slot has become free. */
  private void next(int channel) {
    long intended = now();
    if (intended < given.end() && !isOver) {
      call(channel, intended, () -> next(channel));
    } else {
      underWay.arriveAndDeregister();
    }
  }

  /** Starts calls when the schedule says so, over all channels in turn, whether or not earlier ones have ended. */
  private void open() {
    for (int index = 0; index < schedule.length && schedule[index] < given.end(); index++) {
      long intended = schedule[index];
      sleepUntil(intended);
      int channel = index % given.channels;
      if (inFlight.get() >= given.open.maxInFlight) {
        if (given.isMeasured(intended)) {
          totals(channel).shed();
        }
        continue;
      }
      inFlight.incrementAndGet();
      underWay.register();
      call(
          channel,
          intended,
          () -> {
            inFlight.decrementAndGet();
            underWay.arriveAndDeregister();
          });
    }
  }

  private void call(int channel, long intended, Runnable ended) {
    var stub = stubs.get(channel);
    if (given.deadline != null) {
      stub = stub.withDeadlineAfter(given.deadline, TimeUnit.NANOSECONDS);
    }
    work.start(
        stub,
        intended,
        call -> {
          totals(channel).add(call, given.isMeasured(intended), isOver);
          ended.run();
        });
  }

  private Totals totals(int channel) {
    return totals[channel % totals.length];
  }

  /** Waits for what is in flight until the end of the drain, then cuts it off. */
  private void drain() throws InterruptedException {
    int phase = underWay.arrive();
    try {
      underWay.awaitAdvanceInterruptibly(phase, given.end() + given.drain - now(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException late) {
      isOver = true;
      channels.forEach(ManagedChannel::shutdownNow);
      underWay.awaitAdvance(phase);
    }
  }

  private void sleepUntil(long due) {
    for (long rest = due - now(); rest > 0; rest = due - now()) {
      LockSupport.parkNanos(rest);
    }
  }

  /** What the process takes, user and system, all threads, over the measured phase. */
  private long measureCpu() {
    sleepUntil(given.warmUp);
    long before = system.getProcessCpuTime();
    sleepUntil(given.end());
    return system.getProcessCpuTime() - before;
  }

  /** Little-endian nanoseconds since the start of the load. */
  private static long[] schedule(String path) throws IOException {
    var content = Files.readAllBytes(Path.of(path));
    if (content.length % 8 != 0) {
      throw new IOException(path + " has " + content.length + " bytes, expected eight for each start");
    }
    var starts = new long[content.length / 8];
    ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(starts);
    return starts;
  }

  /** The most memory that the process held; null where the system does not tell. */
  private static Long peakRss() throws IOException {
    var status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return null;
    }
    for (var line : Files.readAllLines(status)) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
      }
    }
    return null;
  }
}
