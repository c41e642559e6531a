"""How a call is answered: what its first request asks for, and how this server is told to misbehave."""

import argparse
import base64
import random

import grpc
from stubs import (
    WHEN_AFTER_ALL,
    WHEN_AFTER_FIRST,
    WHEN_DEFAULT,
    WHEN_EACH,
    WHEN_EVERY,
    HelloReply,
)

STATUS = {code.value[0]: code for code in grpc.StatusCode}
# The longest reply that is made; a larger one could take the machine's memory with one request.
MOST = 256 << 20


class Refused(Exception):
    """The caller asks for what cannot be; the call ends with this status."""

    def __init__(self, code, details):
        super().__init__(details)
        self.code = code
        self.details = details


def refused(details):
    return Refused(grpc.StatusCode.INVALID_ARGUMENT, details)


class Behaviour:
    """Delays and errors, of which a seeded draw says which calls they hit; and the metadata that every call must have."""

    def __init__(self, options):
        self.required = [required.split("=", 1) for required in options.require]
        self.delay = options.delay_ns / 1e9
        self.share = options.error_share
        self.error = grpc.StatusCode[options.error_code]
        self.error_delay = self.delay if options.error_delay_ns is None else options.error_delay_ns / 1e9
        self.random = random.Random(1)

    def admit(self, context):
        """Refuses a call that has not the metadata that it must have; of `-bin` keys that is written in base64."""
        if not self.required:
            return
        text = lambda value: base64.b64encode(value).decode() if isinstance(value, bytes) else value  # noqa: E731
        given = {key: text(value) for key, value in context.invocation_metadata()}
        for key, value in self.required:
            if given.get(key) != value:
                raise Refused(grpc.StatusCode.UNAUTHENTICATED, f"the call lacks the `{key}` that it must have")

    def fate(self):
        """How long this call waits before its first reply, and the error that comes in its place."""
        if self.share and self.random.random() < self.share:
            return self.error_delay, Refused(self.error, "the server was asked to fail this call")
        return self.delay, None


def reply(request, first):
    """The reply to a request: of the size that it or the first of its call asks for, or a greeting."""
    size = None
    for asked in request.reply, first.reply:
        if asked.HasField("size"):
            size = asked.size
            break
    if size is None:
        return HelloReply(message="Hello, %s!" % request.name)
    if size > MOST:
        raise refused(f"reply.size is {size}, at most {MOST} is served")
    return HelloReply(message="x" * size)


def replies_after_all(first):
    """So many replies to the first request."""
    many = first.reply.messages if first.reply.HasField("messages") else 1
    return [reply(first, first)] * many


class Echo:
    """The replies of a bidirectional call, as its requests come."""

    def __init__(self, first):
        shape = first.reply
        each = {WHEN_DEFAULT: 1, WHEN_EACH: 1, WHEN_EVERY: shape.every or None, WHEN_AFTER_ALL: 0}.get(shape.when)
        if each is None:
            raise refused(f"reply.when is {shape.when} and reply.every {shape.every}, which this method does not offer")
        self.each, self.first, self.unanswered = each, first, 0

    def take_in(self, request):
        """What is replied now that this request is here: one reply or none."""
        self.latest = request
        self.unanswered += 1
        if self.unanswered != self.each:
            return ()
        self.unanswered = 0
        return (reply(request, self.first),)

    def rest(self):
        """What is replied once the client has sent everything."""
        if self.each == 0:
            return replies_after_all(self.first)
        return [reply(self.latest, self.first)] if self.unanswered else []


def check_single(shape):
    """A method with one reply: it comes after all requests."""
    if shape.when == WHEN_AFTER_FIRST:
        details = "grpcio's stream-unary handler sends its reply together with the status: WHEN_AFTER_FIRST is not served"
        raise Refused(grpc.StatusCode.UNIMPLEMENTED, details)
    if shape.when not in (WHEN_DEFAULT, WHEN_AFTER_ALL):
        raise refused(f"reply.when is {shape.when}, which this method does not offer")


def trailers(shape):
    """The trailing metadata that a call asks for."""
    if any(key.startswith("grpc-") or key in ("te", "content-type") for key in shape.trailers):
        raise refused("reply.trailers has what is no metadata of the caller's")
    if shape.status_code not in STATUS:
        raise refused(f"reply.status_code is {shape.status_code}, expected 0 to 16")
    binary = lambda key: key.endswith("-bin")  # noqa: E731
    return [(key, value.encode() if binary(key) else value) for key, value in shape.trailers.items()]


def options():
    """What the command line says."""
    parser = argparse.ArgumentParser(description="The greeter server.")
    parser.add_argument("--listen", default="127.0.0.1:50051")
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    parser.add_argument("--tls-client-ca")
    parser.add_argument("--aio", action="store_true", help="asyncio instead of a thread pool")
    parser.add_argument("--delay-ns", type=int, default=0)
    parser.add_argument("--error-share", type=float, default=0.0)
    parser.add_argument("--error-code", choices=[code.name for code in grpc.StatusCode], default="UNAVAILABLE")
    parser.add_argument("--error-delay-ns", type=int)
    parser.add_argument("--require", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args()
