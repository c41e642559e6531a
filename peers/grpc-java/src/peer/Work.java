package peer;

import helloworld.GreeterGrpc.GreeterStub;
import helloworld.Helloworld.HelloReply;
import helloworld.Helloworld.HelloRequest;
import helloworld.Helloworld.ReplyShape;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** What one call sends, made once, how it is made, and what a right answer is. */
final class Work {
  private final String method;
  private final boolean isPingPong;
  private final HelloRequest first;
  private final HelloRequest further;
  private final int requests;
  private final int replies;
  private final int replySize;
  private final LongSupplier now;

  Work(Case given, LongSupplier now) {
    this.now = now;
    method = given.method;
    isPingPong = method.equals("BidiHello") && "ping_pong".equals(given.bidi);
    var name = "n".repeat(given.request.nameBytes);
    var shape = ReplyShape.newBuilder().setSize(given.reply.size);
    var further = HelloRequest.newBuilder().setName(name);
    switch (method) {
      case "SayHello", "SayHelloAgain" -> requests = replies = 1;
      case "LotsOfReplies" -> {
        requests = 1;
        replies = given.reply.messages;
      }
      case "LotsOfGreetings" -> {
        requests = given.request.messages;
        replies = 1;
      }
      case "BidiHello" -> {
        requests = replies = given.request.messages;
        further.setReply(shape.build());
      }
      default -> throw new IllegalArgumentException(method + " is no method of the Greeter");
    }
    if (method.equals("LotsOfReplies") && replies != 1) {
      shape.setMessages(replies);
    }
    first = HelloRequest.newBuilder().setName(name).setReply(shape).build();
    this.further = further.build();
    replySize = given.reply.size;
  }

  /** Starts a call; `ended` gets it with its status. */
  void start(GreeterStub stub, long intended, Consumer<Call> ended) {
    var call = new Call(intended, ended);
    switch (method) {
      case "SayHello" -> stub.sayHello(call.only(), call);
      case "SayHelloAgain" -> stub.sayHelloAgain(call.only(), call);
      case "LotsOfReplies" -> stub.lotsOfReplies(call.only(), call);
      case "LotsOfGreetings" -> stub.lotsOfGreetings(call);
      default -> stub.bidiHello(call);
    }
  }

  /** One call and what came of it. Times are nanoseconds since the start. */
  final class Call implements ClientResponseObserver<HelloRequest, HelloReply> {
    final long intended;
    final long started = now.getAsLong();
    long firstMessage;
    long done;
    int sent;
    int received;
    long sentBytes;
    long receivedBytes;
    /** Not the answer that was asked for, in length or count. */
    boolean isWrong;

    Status.Code status;
    private final Consumer<Call> ended;
    private ClientCallStreamObserver<HelloRequest> stream;
    private boolean isAllSent;

    private Call(long intended, Consumer<Call> ended) {
      this.intended = intended;
      this.ended = ended;
    }

    private HelloRequest only() {
      return next();
    }

    private HelloRequest next() {
      var message = sent == 0 ? first : further;
      sent++;
      sentBytes += message.getSerializedSize();
      return message;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<HelloRequest> stream) {
      this.stream = stream;
      if (method.equals("LotsOfGreetings") || method.equals("BidiHello")) {
        stream.setOnReadyHandler(this::send);
      }
    }

    /** Sends what may be sent: all requests, no faster than the server reads them, or the one that is awaited. */
    private void send() {
      while (!isAllSent && stream.isReady() && (!isPingPong || sent == received)) {
        if (sent == requests) {
          isAllSent = true;
          stream.onCompleted();
        } else {
          stream.onNext(next());
        }
      }
    }

    @Override
    public void onNext(HelloReply reply) {
      if (received == 0) {
        firstMessage = now.getAsLong();
      }
      received++;
      receivedBytes += reply.getSerializedSize();
      isWrong |= reply.getMessage().length() != replySize;
      if (isPingPong) {
        send();
      }
    }

    @Override
    public void onError(Throwable error) {
      end(Status.fromThrowable(error).getCode());
    }

    @Override
    public void onCompleted() {
      end(Status.Code.OK);
    }

    private void end(Status.Code code) {
      done = now.getAsLong();
      status = code;
      isWrong |= received != replies;
      ended.accept(this);
    }
  }
}
