package peer;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/** What calls came to: counts and times of the measured phase, and what all phases together sent and received. */
final class Totals {
  private static final long HOUR = 3_600_000_000_000L;

  private final Map<String, Long> counts = new LinkedHashMap<>();
  private final Map<String, Long> byStatus = new TreeMap<>();
  private final Map<String, Long> all = new LinkedHashMap<>();
  private final Map<String, Histogram> times = new LinkedHashMap<>();
  private final Histogram response = histogram("response_time");
  private final Histogram service = histogram("service_time");
  private final Histogram lag = histogram("start_lag");
  private final Histogram first = histogram("time_to_first_message");
  private long started, ok, failed, late, cancelled, unfinished, shed, sent, received, sentBytes, receivedBytes;
  private long calls, requests, replies;

  private Histogram histogram(String name) {
    var histogram = new Histogram(1, HOUR, 3);
    times.put(name, histogram);
    return histogram;
  }

  synchronized void shed() {
    shed++;
  }

  /** Takes a call at its end; an unfinished one was cut off when the drain was over. */
  synchronized void add(Work.Call call, boolean isMeasured, boolean isUnfinished) {
    calls++;
    requests += call.sent;
    replies += call.received;
    if (!isMeasured) {
      return;
    }
    started++;
    sent += call.sent;
    received += call.received;
    sentBytes += call.sentBytes;
    receivedBytes += call.receivedBytes;
    if (isUnfinished) {
      unfinished++;
    } else {
      end(call);
    }
  }

  private void end(Work.Call call) {
    var name = call.status.name();
    switch (call.status) {
      case OK -> {
        if (call.isWrong) {
          failed++;
          name = "WRONG_REPLY";
        } else {
          ok++;
          time(call);
        }
      }
      case DEADLINE_EXCEEDED -> late++;
      case CANCELLED -> cancelled++;
      default -> failed++;
    }
    byStatus.merge(name, 1L, Long::sum);
  }

  private void time(Work.Call call) {
    response.recordValue(Math.min(call.done - call.intended, HOUR));
    service.recordValue(Math.min(call.done - call.started, HOUR));
    lag.recordValue(Math.min(call.started - call.intended, HOUR));
    if (call.received > 0) {
      first.recordValue(Math.min(call.firstMessage - call.intended, HOUR));
    }
  }

  synchronized void merge(Totals other) {
    started += other.started;
    ok += other.ok;
    failed += other.failed;
    late += other.late;
    cancelled += other.cancelled;
    unfinished += other.unfinished;
    shed += other.shed;
    sent += other.sent;
    received += other.received;
    sentBytes += other.sentBytes;
    receivedBytes += other.receivedBytes;
    calls += other.calls;
    requests += other.requests;
    replies += other.replies;
    other.byStatus.forEach((name, count) -> byStatus.merge(name, count, Long::sum));
    other.times.forEach((name, histogram) -> times.get(name).add(histogram));
  }

  /** The counts and the times, HDR V2, deflated, base64, in the result's names. */
  Map<String, Object> result() {
    counts.put("started", started);
    counts.put("ok", ok);
    counts.put("failed", failed);
    counts.put("deadline_exceeded", late);
    counts.put("cancelled", cancelled);
    counts.put("unfinished", unfinished);
    counts.put("shed", shed);
    counts.put("messages_sent", sent);
    counts.put("messages_received", received);
    counts.put("bytes_sent", sentBytes);
    counts.put("bytes_received", receivedBytes);
    all.put("calls", calls);
    all.put("requests", requests);
    all.put("replies", replies);
    var result = new LinkedHashMap<String, Object>();
    var withStatus = new LinkedHashMap<String, Object>(counts);
    withStatus.put("by_status", byStatus);
    result.put("counts", withStatus);
    result.put("all", all);
    times.forEach((name, histogram) -> result.put(name, encoded(histogram)));
    return result;
  }

  private static String encoded(Histogram histogram) {
    var buffer = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
    int length = histogram.encodeIntoCompressedByteBuffer(buffer);
    return Base64.getEncoder().encodeToString(java.util.Arrays.copyOf(buffer.array(), length));
  }
}
