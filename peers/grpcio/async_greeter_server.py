"""The greeter server of the gRPC examples with all five methods, asyncio: one thread, one event loop."""

import asyncio
import os
import signal
import threading

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


def refusing(method):
    """A call that asks for what cannot be ends with a status that says so."""

    async def unary(self, request, context):
        try:
            return await method(self, request, context)
        except shape.Refused as refused:
            await context.abort(refused.code, refused.details)

    return unary


def refusing_stream(method):
    async def stream(self, request, context):
        try:
            async for reply in method(self, request, context):
                yield reply
        except shape.Refused as refused:
            await context.abort(refused.code, refused.details)

    return stream


class Greeter(GreeterServicer):
    def __init__(self, counts, behaviour):
        self.counts = counts
        self.behaviour = behaviour

    @refusing
    async def SayHello(self, request, context):
        return await self.greet("SayHello", request, context)

    @refusing
    async def SayHelloAgain(self, request, context):
        return await self.greet("SayHelloAgain", request, context)

    async def greet(self, method, request, context):
        await self.begin(method, request, context)
        await self.wait()
        return await self.end(method, request, context, shape.reply(request, request))

    @refusing_stream
    async def LotsOfReplies(self, request, context):
        await self.begin("LotsOfReplies", request, context)
        await self.wait()
        for reply in shape.replies_after_all(request):
            yield reply
        await self.end("LotsOfReplies", request, context)

    @refusing
    async def LotsOfGreetings(self, requests, context):
        first = None
        async for request in requests:
            if first is None:
                first = request
                await self.begin("LotsOfGreetings", first, context)
                shape.check_single(first.reply)
        if first is None:
            first = HelloRequest()
            await self.begin("LotsOfGreetings", first, context)
        await self.wait()
        return await self.end("LotsOfGreetings", first, context, shape.reply(first, first))

    @refusing_stream
    async def BidiHello(self, requests, context):
        first, echo, waited = None, None, False
        async for request in requests:
            if first is None:
                first = request
                await self.begin("BidiHello", first, context)
                echo = shape.Echo(first)
            for reply in echo.take_in(request):
                if not waited:
                    await self.wait()
                    waited = True
                yield reply
        if first is None:
            first = HelloRequest()
            await self.begin("BidiHello", first, context)
            echo = shape.Echo(first)
        if not waited:
            await self.wait()
        for reply in echo.rest():
            yield reply
        await self.end("BidiHello", first, context)

    async def begin(self, method, first, context):
        self.counts.methods[method].call()
        self.behaviour.admit(context)
        if first.reply.headers_at_once:
            await context.send_initial_metadata(())

    async def wait(self):
        delay, error = self.behaviour.fate()
        if delay:
            await asyncio.sleep(delay)
        if error:
            raise error

    async def end(self, method, first, context, reply=None):
        """The status and the trailers that were asked for; a single reply is given only with status OK."""
        asked = first.reply
        trailers = shape.trailers(asked)
        if trailers:
            context.set_trailing_metadata(trailers)
        if asked.status_code:
            await context.abort(shape.STATUS[asked.status_code], asked.status_message, tuple(trailers))
        self.counts.methods[method].ended_ok()
        return reply


class Reference(ReferenceServicer):
    def __init__(self, counts):
        self.counts = counts

    async def GetCounters(self, request, context):
        return self.counts.snapshot()


async def serve(options):
    counts = Counts()
    # One port, one process: a second server on the same port would share its connections without a word.
    settings = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)]
    server = grpc.aio.server(options=settings)
    add_GreeterServicer_to_server(Greeter(counts, shape.Behaviour(options)), Counting(server, counts))
    add_ReferenceServicer_to_server(Reference(counts), server)
    scheme, port = secure.add_port(server, options)
    await server.start()
    print(f"{scheme}://{options.listen.rsplit(':', 1)[0]}:{port}", flush=True)
    await asked_to_end()
    await server.stop(grace=2)


async def asked_to_end():
    """Until standard input closes, or SIGTERM."""
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, end.set)

    def read():
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(end.set)

    threading.Thread(target=read, daemon=True).start()
    await end.wait()


def main(options):
    asyncio.run(serve(options))
