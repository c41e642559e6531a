// What one call sends, made once, how it is made, and what a right answer is.

const STREAMS_REQUESTS = new Set(["LotsOfGreetings", "BidiHello"]);
const STREAMS_REPLIES = new Set(["LotsOfReplies", "BidiHello"]);

/** One call, and what came of it. Times are nanoseconds since the start. */
class Call {
  first = null;
  done = null;
  sent = 0;
  received = 0;
  sentBytes = 0;
  receivedBytes = 0;
  /** Not the answer that was asked for, in length or count. */
  wrong = false;
  status = null;
  handle = null;

  constructor(intended, started) {
    this.intended = intended;
    this.started = started;
  }
}

exports.Work = class Work {
  constructor(given, service, now) {
    const { method, bidi, request, reply } = given;
    if (!Object.hasOwn(service, method)) throw new Error(`${method} is no method of the Greeter`);
    this.method = method;
    this.now = now;
    this.pingPong = method === "BidiHello" && bidi === "ping_pong";
    this.streamsRequests = STREAMS_REQUESTS.has(method);
    this.streamsReplies = STREAMS_REPLIES.has(method);
    this.requests = this.streamsRequests ? request.messages : 1;
    this.replies = method === "BidiHello" ? request.messages : method === "LotsOfReplies" ? reply.messages : 1;
    this.replySize = reply.size;
    // An empty string that is set would be written.
    const named = request.name_bytes === 0 ? {} : { name: "n".repeat(request.name_bytes) };
    const many = method === "LotsOfReplies" && reply.messages !== 1 ? { messages: reply.messages } : {};
    this.first = { ...named, reply: { size: reply.size, ...many } };
    this.further = method === "BidiHello" ? { ...named, reply: { size: reply.size } } : named;
    this.firstSize = service[method].requestSerialize(this.first).length;
    this.furtherSize = service[method].requestSerialize(this.further).length;
  }

  /** Starts a call; `ended` gets it with its status. */
  start(client, metadata, options, intended, ended) {
    const call = new Call(intended, this.now());
    const end = (code) => {
      call.done = this.now();
      call.status = code;
      call.wrong ||= call.received !== this.replies;
      ended(call);
    };
    const single = (error, reply) => {
      if (!error) this.receive(call, reply);
      end(error ? error.code : 0);
    };
    const fixed = this.streamsRequests ? [] : [this.first];
    const callback = this.streamsReplies ? [] : [single];
    if (!this.streamsRequests) this.count(call);
    call.handle = client[this.method](...fixed, metadata, options, ...callback);
    if (this.streamsReplies) this.listen(call, end);
    if (this.pingPong) this.sendNext(call);
    else if (this.streamsRequests) this.sendAll(call);
    return call;
  }

  listen(call, end) {
    call.handle.on("data", (reply) => {
      this.receive(call, reply);
      if (this.pingPong) this.sendNext(call);
    });
    // What it is about is told by the status.
    call.handle.on("error", () => {});
    call.handle.on("status", ({ code }) => end(code));
  }

  sendNext(call) {
    if (call.sent === this.requests) call.handle.end();
    else this.send(call);
  }

  sendAll(call) {
    while (call.sent < this.requests) {
      if (!this.send(call) && call.sent < this.requests) return call.handle.once("drain", () => this.sendAll(call));
    }
    call.handle.end();
  }

  send(call) {
    const message = call.sent === 0 ? this.first : this.further;
    this.count(call);
    return call.handle.write(message);
  }

  count(call) {
    call.sentBytes += call.sent === 0 ? this.firstSize : this.furtherSize;
    call.sent += 1;
  }

  receive(call, reply) {
    call.first ??= this.now();
    call.received += 1;
    call.receivedBytes += reply.bytes;
    call.wrong ||= (reply.message ?? "").length !== this.replySize;
  }
};
