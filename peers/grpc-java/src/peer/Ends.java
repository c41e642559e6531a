package peer;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

/** Both ends of a call that a service cannot reach by itself: initial metadata at once, and trailers with status OK. */
final class Ends implements ServerInterceptor {
  private static final Context.Key<Call<?, ?>> CALL = Context.key("call");

  /** The call that is being handled. */
  static Call<?, ?> current() {
    return CALL.get();
  }

  @Override
  public <A, B> ServerCall.Listener<A> interceptCall(ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
    var ends = new Call<>(call);
    return Contexts.interceptCall(Context.current().withValue(CALL, ends), ends, headers, next);
  }

  static final class Call<A, B> extends SimpleForwardingServerCall<A, B> {
    private boolean isBegun;
    private Metadata trailers;

    private Call(ServerCall<A, B> call) {
      super(call);
    }

    void begin() {
      isBegun = true;
      super.sendHeaders(new Metadata());
    }

    void endWith(Metadata trailers) {
      this.trailers = trailers;
    }

    @Override
    public void sendHeaders(Metadata headers) {
      if (!isBegun) {
        super.sendHeaders(headers);
      }
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (this.trailers != null) {
        trailers.merge(this.trailers);
      }
      super.close(status, trailers);
    }
  }
}
