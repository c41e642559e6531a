package peer;

import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;

/**
 * A service whose client-streaming methods may reply before the client has sent everything. With one reply the library
 * holds it back until the status; as a stream of one it leaves at once, and is the same on the wire.
 */
final class Early {
  static ServerServiceDefinition replies(ServerServiceDefinition service) {
    var early = ServerServiceDefinition.builder(service.getServiceDescriptor().getName());
    for (var method : service.getMethods()) {
      add(method, early);
    }
    return early.build();
  }

  private static <A, B> void add(ServerMethodDefinition<A, B> method, ServerServiceDefinition.Builder service) {
    var descriptor = method.getMethodDescriptor();
    if (descriptor.getType() == MethodType.CLIENT_STREAMING) {
      descriptor = descriptor.toBuilder().setType(MethodType.BIDI_STREAMING).build();
    }
    service.addMethod(descriptor, method.getServerCallHandler());
  }
}
