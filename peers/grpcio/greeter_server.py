"""The greeter server of the gRPC examples with all five methods, blocking: a thread pool of 8, each call on one of its threads.

A delay is slept on the call's thread, as a handler that waits for a database would.
"""

import signal
import sys
import time
from concurrent import futures

import grpc
import secure
import shape
from counts import Counting, Counts
from stubs import (
    GreeterServicer,
    HelloRequest,
    ReferenceServicer,
    add_GreeterServicer_to_server,
    add_ReferenceServicer_to_server,
)

THREADS = 8


def refusing(method):
    """A call that asks for what cannot be ends with a status that says so."""

    def unary(self, request, context):
        try:
            return method(self, request, context)
        except shape.Refused as refused:
            context.abort(refused.code, refused.details)

    return unary


def refusing_stream(method):
    def stream(self, request, context):
        try:
            yield from method(self, request, context)
        except shape.Refused as refused:
            context.abort(refused.code, refused.details)

    return stream


class Greeter(GreeterServicer):
    def __init__(self, counts, behaviour):
        self.counts = counts
        self.behaviour = behaviour

    @refusing
    def SayHello(self, request, context):
        return self.greet("SayHello", request, context)

    @refusing
    def SayHelloAgain(self, request, context):
        return self.greet("SayHelloAgain", request, context)

    def greet(self, method, request, context):
        self.begin(method, request, context)
        self.wait()
        return self.end(method, request, context, shape.reply(request, request))

    @refusing_stream
    def LotsOfReplies(self, request, context):
        self.begin("LotsOfReplies", request, context)
        self.wait()
        yield from shape.replies_after_all(request)
        self.end("LotsOfReplies", request, context)

    @refusing
    def LotsOfGreetings(self, requests, context):
        first = next(requests, None) or HelloRequest()
        self.begin("LotsOfGreetings", first, context)
        shape.check_single(first.reply)
        for _ in requests:
            pass
        self.wait()
        return self.end("LotsOfGreetings", first, context, shape.reply(first, first))

    @refusing_stream
    def BidiHello(self, requests, context):
        first = next(requests, None)
        self.begin("BidiHello", first or HelloRequest(), context)
        echo = shape.Echo(first or HelloRequest())
        request, waited = first, False
        while request is not None:
            for reply in echo.take_in(request):
                if not waited:
                    self.wait()
                    waited = True
                yield reply
            request = next(requests, None)
        if not waited:
            self.wait()
        yield from echo.rest()
        self.end("BidiHello", first or HelloRequest(), context)

    def begin(self, method, first, context):
        self.counts.methods[method].call()
        self.behaviour.admit(context)
        if first.reply.headers_at_once:
            context.send_initial_metadata(())

    def wait(self):
        delay, error = self.behaviour.fate()
        if delay:
            time.sleep(delay)
        if error:
            raise error

    def end(self, method, first, context, reply=None):
        """The status and the trailers that were asked for; a single reply is given only with status OK."""
        asked = first.reply
        trailers = shape.trailers(asked)
        if trailers:
            context.set_trailing_metadata(trailers)
        if asked.status_code:
            context.abort(shape.STATUS[asked.status_code], asked.status_message)
        self.counts.methods[method].ended_ok()
        return reply


class Reference(ReferenceServicer):
    def __init__(self, counts):
        self.counts = counts

    def GetCounters(self, request, context):
        return self.counts.snapshot()


def serve(options):
    counts = Counts()
    # One port, one process: a second server on the same port would share its connections without a word.
    settings = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=THREADS), options=settings)
    add_GreeterServicer_to_server(Greeter(counts, shape.Behaviour(options)), Counting(server, counts))
    add_ReferenceServicer_to_server(Reference(counts), server)
    scheme, port = secure.add_port(server, options)
    server.start()
    print(f"{scheme}://{options.listen.rsplit(':', 1)[0]}:{port}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        sys.stdin.buffer.read()
    finally:
        server.stop(grace=2).wait()


if __name__ == "__main__":
    options = shape.options()
    if options.aio:
        import async_greeter_server

        async_greeter_server.main(options)
    else:
        serve(options)
