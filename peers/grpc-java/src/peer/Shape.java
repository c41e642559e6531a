package peer;

import helloworld.Helloworld.HelloReply;
import helloworld.Helloworld.HelloRequest;
import helloworld.Helloworld.ReplyShape;
import helloworld.Helloworld.When;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.charset.StandardCharsets;

/** How one call is answered, as its first request asks for. */
final class Shape {
  /** The longest reply that is made; a larger one could take the machine's memory with one request. */
  private static final int MAX_SIZE = 256 << 20;

  final HelloRequest first;
  private final ReplyShape asked;
  /** Replies of a stream that answers after all. */
  final int replies;
  /** Of a bidirectional stream: one reply to so many requests; 0 answers after all. */
  int every;
  /** Of a stream of requests: the only reply goes after the first of them. */
  boolean afterFirst;

  final Status status;

  /** Of a call with this first request; without any, the default one. */
  Shape(HelloRequest first) {
    this.first = first;
    asked = first.getReply();
    replies = asked.hasMessages() ? asked.getMessages() : 1;
    if (Integer.compareUnsigned(asked.getStatusCode(), 16) > 0) {
      throw invalid("reply.status_code is " + Integer.toUnsignedString(asked.getStatusCode()) + ", expected 0 to 16");
    }
    status = Status.fromCodeValue(asked.getStatusCode()).withDescription(asked.getStatusMessage());
  }

  /** When a stream of requests with one reply is answered. */
  Shape greetings() {
    switch (asked.getWhen()) {
      case WHEN_DEFAULT, WHEN_AFTER_ALL -> {}
      case WHEN_AFTER_FIRST -> afterFirst = true;
      default -> throw notOffered(asked.getWhen());
    }
    return this;
  }

  /** When a bidirectional stream is answered. */
  Shape bidi() {
    switch (asked.getWhen()) {
      case WHEN_DEFAULT, WHEN_EACH -> every = 1;
      case WHEN_AFTER_ALL -> {}
      case WHEN_EVERY -> every = asked.getEvery();
      default -> throw notOffered(asked.getWhen());
    }
    if (asked.getWhen() == When.WHEN_EVERY && every == 0) {
      throw invalid("reply.when is WHEN_EVERY, so reply.every must be positive");
    }
    return this;
  }

  /** The reply to a request: in its own size, in that of the first, or by name. */
  HelloReply reply(HelloRequest request) {
    var own = request.getReply();
    if (!own.hasSize() && !asked.hasSize()) {
      return HelloReply.newBuilder().setMessage("Hello, " + request.getName() + "!").build();
    }
    int size = own.hasSize() ? own.getSize() : asked.getSize();
    if (Integer.compareUnsigned(size, MAX_SIZE) > 0) {
      throw invalid("reply.size is " + Integer.toUnsignedString(size) + ", at most " + MAX_SIZE + " is served");
    }
    return HelloReply.newBuilder().setMessage("x".repeat(size)).build();
  }

  boolean headersAtOnce() {
    return asked.getHeadersAtOnce();
  }

  boolean hasTrailers() {
    return asked.getTrailersCount() > 0;
  }

  Metadata trailers() {
    var trailers = new Metadata();
    asked.getTrailersMap().forEach((key, value) -> put(trailers, key, value));
    return trailers;
  }

  private static void put(Metadata trailers, String key, String value) {
    if (key.startsWith("grpc-") || key.equals("te") || key.equals("content-type") || key.isEmpty()) {
      throw invalid("reply.trailers has `" + key + ": " + value + "`, which is no metadata");
    }
    if (key.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
      trailers.put(Metadata.Key.of(key, Metadata.BINARY_BYTE_MARSHALLER), value.getBytes(StandardCharsets.UTF_8));
    } else {
      trailers.put(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER), value);
    }
  }

  private static StatusRuntimeException notOffered(When when) {
    return invalid("reply.when is " + when + ", which this method does not offer");
  }

  private static StatusRuntimeException invalid(String what) {
    return Status.INVALID_ARGUMENT.withDescription(what).asRuntimeException();
  }
}
