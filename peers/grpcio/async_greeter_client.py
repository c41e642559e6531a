"""The greeter client of the gRPC examples under load, asyncio: a task for each call in flight, one event loop."""

import asyncio
import itertools

import grpc
import load
import secure
from greeter_client import OPTIONS
from stubs import GreeterStub


class Caller:
    """Makes one call after the other on a channel, and keeps what came of them in the one record."""

    def __init__(self, case, record, channel):
        self.case = case
        self.record = record
        self.start_call = getattr(GreeterStub(channel), case.method)
        self.greet = {
            "SayHello": self.unary,
            "SayHelloAgain": self.unary,
            "LotsOfReplies": self.replies,
            "LotsOfGreetings": self.greetings,
            "BidiHello": self.ping_pong if case.ping_pong else self.echo,
        }[case.method]

    async def call(self, intended):
        """One call from its start to its status: when it ended."""
        call = self.record.begin(intended)
        try:
            await self.greet(call)
            status = "OK"
        except grpc.aio.AioRpcError as error:
            status = error.code().name
        done = self.record.ended(call, status)
        if status == "UNAVAILABLE":
            await asyncio.sleep(load.PAUSE_S)
        return done

    def options(self):
        return {"timeout": self.case.timeout, "metadata": self.case.metadata}

    async def unary(self, call):
        call.sent = 1
        self.record.heard(call, await self.start_call(self.case.requests[0], **self.options()))

    async def replies(self, call):
        call.sent = 1
        async for reply in self.start_call(self.case.requests[0], **self.options()):
            self.record.heard(call, reply)

    async def greetings(self, call):
        self.record.heard(call, await self.start_call(self.sending(call), **self.options()))

    async def echo(self, call):
        async for reply in self.start_call(self.sending(call), **self.options()):
            self.record.heard(call, reply)

    async def ping_pong(self, call):
        """The next request goes when the reply to the last has come."""
        stream = self.start_call(**self.options())
        for request in self.case.requests:
            await stream.write(request)
            call.sent += 1
            reply = await stream.read()
            if reply is grpc.aio.EOF:
                break
            self.record.heard(call, reply)
        await stream.done_writing()
        while (reply := await stream.read()) is not grpc.aio.EOF:
            self.record.heard(call, reply)
        if await stream.code() != grpc.StatusCode.OK:
            raise grpc.aio.AioRpcError(await stream.code(), None, None, await stream.details())

    async def sending(self, call):
        for request in self.case.requests:
            call.sent += 1
            yield request

    async def closed(self):
        """The next call starts when the last one ends."""
        case = self.case
        await sleep_until(case.start)
        done = case.start
        while done < case.measure_end:
            done = await self.call(done)


async def open_loop(case, callers):
    """Each arrival is a task of its own, on the next channel in turn; over `max_in_flight` it is shed."""
    in_flight = set()
    for caller, intended in zip(itertools.cycle(callers), case.arrivals()):
        await sleep_until(intended)
        if len(in_flight) < case.open["max_in_flight"]:
            task = asyncio.ensure_future(caller.call(intended))
            in_flight.add(task)
            task.add_done_callback(in_flight.discard)
    try:
        await asyncio.gather(*in_flight)
    except asyncio.CancelledError:
        for task in in_flight:
            task.cancel()


async def sleep_until(at):
    # Also where it is late it gives way once, or what has begun would never go on.
    await asyncio.sleep(max(at - load.now(), 0) / 1e9)


async def play(case):
    record, meter = load.Record(case), load.Meter()
    channels = [secure.channel(grpc.aio, case, OPTIONS) for _ in range(case.channels)]
    for channel in channels:
        await asyncio.wait_for(channel.channel_ready(), timeout=5)
    case.begin()
    if case.in_flight:
        work = [Caller(case, record, channel).closed() for channel in channels for _ in range(case.in_flight)]
    else:
        work = [open_loop(case, [Caller(case, record, channel) for channel in channels])]
    tasks = [asyncio.ensure_future(task) for task in work]
    await sleep_until(case.measure_start)
    meter.begin()
    await sleep_until(case.measure_end)
    meter.end()
    _, late = await asyncio.wait(tasks, timeout=max(case.drain_end - load.now(), 0) / 1e9)
    for task in late:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
    return [record], meter


def main():
    load.main(lambda case: asyncio.run(play(case)))
