"""A greeter of all five methods on grpcio, which answers in the shape that it is asked for.

Takes channel options, as JSON, and a folder of certificates for TLS. Prints its address, serves until its standard input
ends, then prints what it has counted, by method, as JSON.
"""

import collections
import json
import sys
import threading
from concurrent import futures

import grpc
import helloworld_pb2
import helloworld_pb2_grpc
import secure

STATUS = {code.value[0]: code for code in grpc.StatusCode}


class Counting(grpc.ServerInterceptor):
    """Counts calls, messages and their bytes as they pass the wire, without the prefixes."""

    def __init__(self):
        self.seen = collections.defaultdict(collections.Counter)
        self.lock = threading.Lock()

    def count(self, method, **more):
        with self.lock:
            self.seen[method].update(more)

    def intercept_service(self, continuation, details):
        handler = continuation(details)
        if handler is None:
            return None
        method = details.method.rsplit("/", 1)[1]
        parse, serialize = handler.request_deserializer, handler.response_serializer

        def counted_request(message):
            self.count(method, requests=1, request_bytes=len(message))
            return parse(message)

        def counted_reply(reply):
            message = serialize(reply)
            self.count(method, replies=1, reply_bytes=len(message))
            return message

        self.count(method, calls=1)
        return handler._replace(request_deserializer=counted_request, response_serializer=counted_reply)


def delay(context):
    """Waits as long as the caller's metadata asks for, or until the caller has gone."""
    asked = dict(context.invocation_metadata()).get("x-delay-ms")
    if asked:
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait(int(asked) / 1000)


def end(shape, context):
    """The status and the trailers that the shape asks for, and the caller's x-large sent back."""
    metadata = dict(context.invocation_metadata())
    trailers = list(shape.trailers.items())
    if "x-large" in metadata:
        trailers.append(("x-large", metadata["x-large"]))
    context.set_trailing_metadata(trailers)
    if shape.status_code:
        context.set_code(STATUS[shape.status_code])
        context.set_details(shape.status_message)


def reply(shape):
    return helloworld_pb2.HelloReply(message="x" * shape.size)


class Greeter(helloworld_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        delay(context)
        end(request.reply, context)
        return reply(request.reply)

    SayHelloAgain = SayHello

    def LotsOfReplies(self, request, context):
        delay(context)
        for _ in range(request.reply.messages if request.reply.HasField("messages") else 1):
            yield reply(request.reply)
        end(request.reply, context)

    def LotsOfGreetings(self, requests, context):
        delay(context)
        first = next(requests)
        for _ in requests:
            pass
        end(first.reply, context)
        return reply(first.reply)

    def BidiHello(self, requests, context):
        delay(context)
        first = None
        for request in requests:
            first = first or request
            yield reply(request.reply if request.HasField("reply") else first.reply)
        end(first.reply, context)


def serve(interceptor, certificates=None, options="{}"):
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16), interceptors=[interceptor], options=list(json.loads(options).items())
    )
    helloworld_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    address = secure.listen(server, certificates)
    server.start()
    print(address, flush=True)
    sys.stdin.read()
    server.stop(grace=2).wait()
    print(json.dumps(interceptor.seen))


def main(options="{}", certificates=None):
    serve(Counting(), certificates, options)


if __name__ == "__main__":
    main(*sys.argv[1:])
