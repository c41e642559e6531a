package peer;

import bench_runner.reference.v1.ReferenceGrpc;
import bench_runner.reference.v1.ReferenceOuterClass.Counters;
import bench_runner.reference.v1.ReferenceOuterClass.GetCountersRequest;
import bench_runner.reference.v1.ReferenceOuterClass.MethodCounters;
import com.google.protobuf.MessageLite;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What the server has counted for one method. */
final class Counts {
  final LongAdder calls = new LongAdder();
  final LongAdder ok = new LongAdder();
  private final LongAdder requests = new LongAdder();
  private final LongAdder replies = new LongAdder();
  private final LongAdder requestBytes = new LongAdder();
  private final LongAdder replyBytes = new LongAdder();

  void request(MessageLite message) {
    requests.increment();
    requestBytes.add(message.getSerializedSize());
  }

  void reply(MessageLite message) {
    replies.increment();
    replyBytes.add(message.getSerializedSize());
  }

  private MethodCounters snapshot() {
    return MethodCounters.newBuilder()
        .setCalls(calls.sum())
        .setOk(ok.sum())
        .setRequests(requests.sum())
        .setReplies(replies.sum())
        .setRequestBytes(requestBytes.sum())
        .setReplyBytes(replyBytes.sum())
        .build();
  }

  /** Gives out the counts of all methods. */
  static final class Service extends ReferenceGrpc.ReferenceImplBase {
    private final Map<String, Counts> methods;

    Service(Map<String, Counts> methods) {
      this.methods = methods;
    }

    @Override
    public void getCounters(GetCountersRequest request, StreamObserver<Counters> observer) {
      var counters = Counters.newBuilder();
      methods.forEach((name, counts) -> counters.putMethods(name, counts.snapshot()));
      observer.onNext(counters.build());
      observer.onCompleted();
    }
  }
}
