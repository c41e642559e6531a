// How one call is answered, as its first request asks for.

const grpc = require("@grpc/grpc-js");

/** The longest reply that is made; a larger one could take the machine's memory with one request. */
const MAX_SIZE = 256 << 20;
const RESERVED = /^(grpc-.*|te|content-type|)$/;

const refusal = (code, details) => Object.assign(new Error(details), { code, details });
const invalid = (details) => refusal(grpc.status.INVALID_ARGUMENT, details);
const notOffered = (when) => invalid(`reply.when is ${when}, which this method does not offer`);

/** When a stream of requests has its one reply: after all, or after the first. Where it fails, it has none. */
function greetings(shape, when) {
  const isFirst = when === "WHEN_AFTER_FIRST";
  if (!isFirst && when !== "WHEN_DEFAULT" && when !== "WHEN_AFTER_ALL") throw notOffered(when);
  shape.replies = shape.code === 0 ? 1 : 0;
  shape.isOnlyFirst = isFirst && shape.code === 0;
  if (shape.isOnlyFirst) shape.every = 1;
}

/** When a bidirectional stream is answered: one reply to `every` so many requests, or after all. */
function bidi(shape, when) {
  if (when === "WHEN_AFTER_ALL") return;
  if (when === "WHEN_DEFAULT" || when === "WHEN_EACH") shape.every = 1;
  else if (when !== "WHEN_EVERY") throw notOffered(when);
  else if (shape.asked.every > 0) shape.every = shape.asked.every;
  else throw invalid("reply.when is WHEN_EVERY, so reply.every must be positive");
}

exports.rules = { SayHello: () => {}, SayHelloAgain: () => {}, LotsOfReplies: () => {}, LotsOfGreetings: greetings, BidiHello: bidi };

exports.Shape = class Shape {
  /** Of a call whose first request this is; null where it had none. */
  constructor(first, rule) {
    const asked = first?.reply ?? {};
    this.first = first ?? {};
    this.asked = asked;
    this.replies = asked.messages ?? 1;
    this.every = 0;
    this.isOnlyFirst = false;
    this.code = asked.status_code ?? 0;
    if (this.code > 16) throw invalid(`reply.status_code is ${this.code}, expected 0 to 16`);
    rule(this, asked.when ?? "WHEN_DEFAULT");
    this.trailers = this.metadata(asked.trailers ?? {});
  }

  metadata(trailers) {
    const metadata = new grpc.Metadata();
    for (const [key, value] of Object.entries(trailers)) {
      if (RESERVED.test(key)) throw invalid(`reply.trailers has \`${key}: ${value}\`, which is no metadata`);
      metadata.set(key, key.endsWith("-bin") ? Buffer.from(value) : value);
    }
    return metadata;
  }

  /** What comes from here on is read, and that is all. */
  answersNoMore() {
    this.isOnlyFirst = false;
    this.every = this.replies = 0;
  }

  /** The reply to a request: in its own size, in that of the first, or by name. */
  reply(request) {
    const size = request.reply?.size ?? this.asked.size;
    if (size === undefined) return { message: `Hello, ${request.name ?? ""}!` };
    if (size > MAX_SIZE) throw invalid(`reply.size is ${size}, at most ${MAX_SIZE} is served`);
    // An empty string that is set would be written.
    return size === 0 ? {} : { message: "x".repeat(size) };
  }

  /** The status that the call ends with, as an error; null where it is OK. */
  error() {
    if (this.code === 0) return null;
    const details = this.asked.status_message ?? "";
    return Object.assign(refusal(this.code, details), { metadata: this.trailers });
  }
};
