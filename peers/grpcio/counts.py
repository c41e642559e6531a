"""What a server counts of each method, as the reference server does: at the wire, before parsing and after serialising."""

import threading

import grpc
from stubs import Counters, MethodCounters


class Counts:
    """The counts of all methods. `+=` on an attribute is no atomic step of Python, hence the locks."""

    def __init__(self):
        self.methods = {}

    def snapshot(self):
        return Counters(methods={name: method.snapshot() for name, method in self.methods.items()})


class MethodCounts:
    def __init__(self):
        self.lock = threading.Lock()
        self.calls = self.ok = self.requests = self.replies = self.request_bytes = self.reply_bytes = 0

    def call(self):
        with self.lock:
            self.calls += 1

    def ended_ok(self):
        with self.lock:
            self.ok += 1

    def request(self, size):
        with self.lock:
            self.requests += 1
            self.request_bytes += size

    def reply(self, size):
        with self.lock:
            self.replies += 1
            self.reply_bytes += size

    def snapshot(self):
        with self.lock:
            return MethodCounters(
                calls=self.calls,
                ok=self.ok,
                requests=self.requests,
                replies=self.replies,
                request_bytes=self.request_bytes,
                reply_bytes=self.reply_bytes,
            )


class Counting:
    """What `add_GreeterServicer_to_server` is given in the server's place: it hands the methods on with (de)serialisers that count.

    An interceptor would cost every call more than what it counts.
    """

    def __init__(self, server, counts):
        self.server = server
        self.counts = counts

    def add_generic_rpc_handlers(self, handlers):
        """The generated code adds the same methods here first, not counted."""

    def add_registered_method_handlers(self, service, handlers):
        counted = {name: self.counted(name, handler) for name, handler in handlers.items()}
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, counted),))
        self.server.add_registered_method_handlers(service, counted)

    def counted(self, name, handler):
        counts = self.counts.methods.setdefault(name, MethodCounts())
        parse, serialize = handler.request_deserializer, handler.response_serializer

        def counted_request(message):
            counts.request(len(message))
            return parse(message)

        def counted_reply(reply):
            message = serialize(reply)
            counts.reply(len(message))
            return message

        return handler._replace(request_deserializer=counted_request, response_serializer=counted_reply)
