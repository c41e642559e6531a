// A Greeter that answers in the shape that it is asked for, and counts what it does.

const grpc = require("@grpc/grpc-js");
const { HealthImplementation } = require("grpc-health-check");
const { parseArgs } = require("node:util");
const { greeter, reference } = require("./protos");
const { requiring } = require("./require");
const { Shape, rules } = require("./shape");

const GOLDEN = (1 + Math.sqrt(5)) / 2;

/** By method, in the names of reference.proto. */
const counts = Object.fromEntries(
  Object.keys(rules).map((method) => [
    method,
    { calls: 0, ok: 0, requests: 0, replies: 0, request_bytes: 0, reply_bytes: 0 },
  ]),
);

const service = greeter(
  (method, length) => {
    counts[method].requests += 1;
    counts[method].request_bytes += length;
  },
  (method, length) => {
    counts[method].replies += 1;
    counts[method].reply_bytes += length;
  },
);

/** With one reply the library sends it together with the status; a stream of one may have it earlier. */
service.LotsOfGreetings.responseStream = true;

/** How all calls are answered, whatever they ask for. */
class Behaviour {
  calls = 0;

  constructor({ delay, errorShare, errorCode, errorDelay }) {
    Object.assign(this, { delay, errorShare, errorCode, errorDelay });
  }

  /** The next call's fate, from a sequence that is the same in every run: multiples of the golden ratio. */
  fails() {
    if (this.errorShare === 0) return false;
    this.calls += 1;
    return (this.calls * GOLDEN) % 1 < this.errorShare;
  }

  /** What comes before the first reply: the delay, or a failure in its place. */
  open(act, fail) {
    const [delay, then] = this.fails() ? [this.errorDelay, () => fail(this.error())] : [this.delay, act];
    if (delay > 0) setTimeout(then, delay / 1e6);
    else then();
  }

  error() {
    return { code: this.errorCode, details: "as the server was told to fail" };
  }
}

/** Reads the shape of a call off its first request, and sends the initial metadata where that goes at once. */
function begin(method, call, first) {
  const shape = new Shape(first, rules[method]);
  if (shape.asked.headers_at_once) call.sendMetadata(new grpc.Metadata());
  return shape;
}

const unary = (method, behaviour) => (call, callback) => {
  counts[method].calls += 1;
  attempt(callback, () => {
    const shape = begin(method, call, call.request);
    behaviour.open(() => finish(method, shape, callback), callback);
  });
};

/** Ends a call that has one reply, or none where it fails. A call is counted in full before its status leaves. */
function finish(method, shape, callback) {
  attempt(callback, () => {
    const error = shape.error();
    if (error) return callback(error);
    const reply = shape.reply(shape.first);
    counts[method].ok += 1;
    callback(null, reply, shape.trailers);
  });
}

/** What is wrong with the request goes to the caller. */
function attempt(fail, act) {
  try {
    act();
  } catch (error) {
    fail(error);
  }
}

const lotsOfReplies = (behaviour) => (call) => {
  counts.LotsOfReplies.calls += 1;
  const fail = (error) => call.emit("error", error);
  attempt(fail, () => {
    const shape = begin("LotsOfReplies", call, call.request);
    behaviour.open(() => attempt(fail, () => sendReplies("LotsOfReplies", call, shape)), fail);
  });
};

/** Sends the replies that follow all requests, no faster than the client reads them, and the status. */
function sendReplies(method, call, shape) {
  const reply = shape.reply(shape.first);
  let left = shape.replies;
  const more = () => {
    while (left > 0) {
      left -= 1;
      if (!call.write(reply) && left > 0) return call.once("drain", more);
    }
    endStream(method, call, shape);
  };
  more();
}

function endStream(method, call, shape) {
  const error = shape.error();
  if (error) return call.emit("error", error);
  counts[method].ok += 1;
  call.end(shape.trailers);
}

/** A stream of requests, answered as they come, every so many, or after all. */
const conversation = (method, behaviour) => (call) => {
  counts[method].calls += 1;
  const fail = (error) => call.emit("error", error);
  let shape, latest, isOpen = false, unanswered = 0;
  const opened = (act) => {
    if (isOpen) return act();
    isOpen = true;
    call.pause();
    behaviour.open(() => {
      attempt(fail, act);
      call.resume();
    }, fail);
  };
  const answer = () => {
    unanswered = 0;
    call.write(shape.reply(latest));
    if (shape.isOnlyFirst) shape.answersNoMore();
  };
  call.on("data", (request) =>
    attempt(fail, () => {
      shape ??= begin(method, call, request);
      latest = request;
      unanswered += 1;
      if (unanswered === shape.every) opened(answer);
    }),
  );
  call.on("error", () => {});
  call.on("end", () =>
    attempt(fail, () => {
      shape ??= begin(method, call, null);
      if (shape.every === 0) opened(() => sendReplies(method, call, shape));
      else if (unanswered > 0) opened(() => (answer(), endStream(method, call, shape)));
      else endStream(method, call, shape);
    }),
  );
};

function settings(args) {
  const string = { type: "string" };
  const { values } = parseArgs({
    args,
    options: {
      listen: { ...string, default: "127.0.0.1:0" },
      "delay-ns": { ...string, default: "0" },
      "error-share": { ...string, default: "0" },
      "error-code": { ...string, default: "UNAVAILABLE" },
      "error-delay-ns": string,
      require: { ...string, multiple: true, default: [] },
    },
  });
  const errorCode = grpc.status[values["error-code"]];
  if (typeof errorCode !== "number") throw new Error(`${values["error-code"]} is no status code`);
  const delay = Number(values["delay-ns"]);
  const errorDelay = Number(values["error-delay-ns"] ?? delay);
  const behaviour = new Behaviour({ delay, errorShare: Number(values["error-share"]), errorCode, errorDelay });
  return { listen: values.listen, behaviour, required: values.require };
}

/** Prints the address and serves until standard input closes or SIGTERM comes. */
exports.serve = async (args) => {
  const { listen, behaviour, required } = settings(args);
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  const handlers = {
    SayHello: unary("SayHello", behaviour),
    SayHelloAgain: unary("SayHelloAgain", behaviour),
    LotsOfReplies: lotsOfReplies(behaviour),
    LotsOfGreetings: conversation("LotsOfGreetings", behaviour),
    BidiHello: conversation("BidiHello", behaviour),
  };
  server.addService(service, requiring(required, handlers));
  server.addService(reference(), { GetCounters: (_, callback) => callback(null, { methods: counts }) });
  new HealthImplementation({ "": "SERVING" }).addToServer(server);
  const insecure = grpc.ServerCredentials.createInsecure();
  const port = await new Promise((resolve, reject) =>
    server.bindAsync(listen, insecure, (error, port) => (error ? reject(error) : resolve(port))),
  );
  console.log(`http://${listen.replace(/:\d+$/, "")}:${port}`);
  const stop = () => {
    server.tryShutdown(() => process.exit(0));
    setTimeout(() => server.forceShutdown(), 5000).unref();
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  process.stdin.resume().on("end", stop).on("error", stop);
};
