package peer;

import io.grpc.Status;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** How all calls are answered, whatever they ask for. */
record Behaviour(long delayNs, double errorShare, Status.Code errorCode, long errorDelayNs, AtomicLong calls) {
  private static final double GOLDEN = (1 + Math.sqrt(5)) / 2;
  private static final ScheduledExecutorService TIMER =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            var thread = new Thread(task, "delays");
            thread.setDaemon(true);
            return thread;
          });

  /** The next call's fate, from a sequence that is the same in every run: multiples of the golden ratio. */
  private boolean fails() {
    return errorShare > 0 && calls.incrementAndGet() * GOLDEN % 1 < errorShare;
  }

  /** What comes before the first reply: the delay, or a failure in its place. */
  void open(Runnable act, Consumer<Throwable> fail) {
    boolean fails = fails();
    long delay = fails ? errorDelayNs : delayNs;
    Runnable then = fails ? () -> fail.accept(failure()) : act;
    if (delay > 0) {
      TIMER.schedule(then, delay, TimeUnit.NANOSECONDS);
    } else {
      then.run();
    }
  }

  private Throwable failure() {
    return errorCode.toStatus().withDescription("as the server was told to fail").asRuntimeException();
  }
}
