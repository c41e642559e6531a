package peer;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.util.Base64;
import java.util.List;

/** The metadata that every call of a service must have: {@code KEY=VALUE}, of -bin keys in base64. */
record Required(List<String> pairs) implements ServerInterceptor {
  /** The same service where nothing is required. */
  ServerServiceDefinition of(ServerServiceDefinition service) {
    return pairs.isEmpty() ? service : io.grpc.ServerInterceptors.intercept(service, this);
  }

  @Override
  public <A, B> ServerCall.Listener<A> interceptCall(
      ServerCall<A, B> call, Metadata metadata, ServerCallHandler<A, B> next) {
    for (var pair : pairs) {
      int sign = pair.indexOf('=');
      var key = pair.substring(0, sign);
      if (!pair.substring(sign + 1).equals(given(metadata, key))) {
        var why = "the call lacks the `" + key + "` that it must have";
        call.close(Status.UNAUTHENTICATED.withDescription(why), new Metadata());
        return new ServerCall.Listener<>() {};
      }
    }
    return next.startCall(call, metadata);
  }

  private static String given(Metadata metadata, String key) {
    if (!key.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
      return metadata.get(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER));
    }
    var bytes = metadata.get(Metadata.Key.of(key, Metadata.BINARY_BYTE_MARSHALLER));
    return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
  }
}
