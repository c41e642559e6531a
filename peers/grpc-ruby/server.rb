# A Greeter that answers in the shape that it is asked for, and counts what it does.

require 'base64'
require 'grpc/health/checker'
require 'optparse'
require 'reference_services_pb'
require_relative 'shape'

# What the server has counted for one method.
class Counts
  def initialize
    @lock = Mutex.new
    @counted = Hash.new(0)
  end

  def add(**more)
    @lock.synchronize { more.each { |name, count| @counted[name] += count } }
  end

  def request(message) = add(requests: 1, request_bytes: message.to_proto.bytesize)

  def reply(message)
    add(replies: 1, reply_bytes: message.to_proto.bytesize)
    message
  end

  def snapshot = @lock.synchronize { BenchRunner::Reference::V1::MethodCounters.new(**@counted) }
end

# How all calls are answered, whatever they ask for.
class Behaviour
  GOLDEN = (1 + Math.sqrt(5)) / 2

  def initialize(delay:, share:, code:, error_delay:, required:)
    @delay, @share, @code, @error_delay, @required = delay, share, code, error_delay, required
    @lock = Mutex.new
    @calls = 0
  end

  # What comes before the first reply: the delay, or a failure in its place.
  def open
    return pause(@delay) unless fails?

    pause(@error_delay)
    raise GRPC::BadStatus.new_status_exception(@code, 'as the server was told to fail')
  end

  # Refuses a call that has not the metadata that it must have; of -bin keys that is written in base64.
  def admit(metadata)
    @required.each do |key, value|
      given = metadata[key]
      given = Base64.strict_encode64(given) if given.is_a?(String) && key.end_with?('-bin')
      raise GRPC::Unauthenticated, "the call lacks the `#{key}` that it must have" unless given == value
    end
  end

  private

  def pause(nanoseconds)
    sleep(nanoseconds / 1e9) if nanoseconds.positive?
  end

  # The next call's fate, from a sequence that is the same in every run: multiples of the golden ratio.
  def fails?
    return false unless @share.positive?

    @lock.synchronize { (@calls += 1) * GOLDEN % 1 < @share }
  end
end

# A method with one reply, whose handler may have sent it already: it then gives none. The library itself sends the reply
# with the status only.
class EarlyReply < GRPC::RpcDesc
  def handle_client_streamer(call, method, _context)
    reply = method.call(call)
    return call.server_unary_response(reply, trailing_metadata: call.output_metadata) if reply

    call.send_status(GRPC::Core::StatusCodes::OK, 'OK', true, metadata: call.output_metadata)
  end
end

class Greeter < Helloworld::Greeter::Service
  rpc_descs[:LotsOfGreetings] = EarlyReply.new(*rpc_descs[:LotsOfGreetings])

  METHODS = %w[SayHello SayHelloAgain LotsOfReplies LotsOfGreetings BidiHello].freeze

  attr_reader :counts

  def initialize(behaviour)
    @behaviour = behaviour
    @counts = METHODS.to_h { |name| [name, Counts.new] }
  end

  def say_hello(request, call) = unary(@counts['SayHello'], request, call)

  def say_hello_again(request, call) = unary(@counts['SayHelloAgain'], request, call)

  def lots_of_replies(request, call)
    counts = @counts['LotsOfReplies']
    counts.add(calls: 1)
    counts.request(request)
    shape = start(request, call)
    @behaviour.open
    reply = shape.reply
    Enumerator.new do |replies|
      shape.replies.times { replies << counts.reply(reply) }
      finish(counts, shape)
    end
  end

  def lots_of_greetings(call)
    counts = @counts['LotsOfGreetings']
    counts.add(calls: 1)
    shape = nil
    call.each_remote_read do |request|
      counts.request(request)
      next if shape

      shape = start(request, call, :greetings)
      reply_early(counts, shape, call) if shape.after_first?
    end
    return answer(counts, shape || start(nil, call, :greetings)) unless shape&.after_first?

    counts.add(ok: 1)
    nil
  end

  def bidi_hello(requests, call)
    counts = @counts['BidiHello']
    counts.add(calls: 1)
    Enumerator.new { |replies| converse(counts, requests, call, replies) }
  end

  private

  def unary(counts, request, call)
    counts.add(calls: 1)
    counts.request(request)
    answer(counts, start(request, call))
  end

  # Reads the shape of a call off its first request, and sends the initial metadata where that goes at once.
  def start(first, call, rule = nil)
    @behaviour.admit(call.metadata)
    shape = Shape.new(first, rule)
    call.output_metadata.update(shape.trailers)
    call.send_initial_metadata if shape.headers_at_once?
    shape
  end

  # The only reply; where the call fails, it has none.
  def answer(counts, shape)
    @behaviour.open
    shape.end
    reply = counts.reply(shape.reply)
    counts.add(ok: 1)
    reply
  end

  def reply_early(counts, shape, call)
    @behaviour.open
    call.remote_send(counts.reply(shape.reply))
  end

  # Answers requests as they come, every so many, or after all.
  def converse(counts, requests, call, replies)
    shape = latest = nil
    unanswered = 0
    opened = false
    echo = lambda do |reply|
      @behaviour.open unless opened
      opened = true
      unanswered = 0
      replies << counts.reply(reply)
    end
    requests.each do |request|
      counts.request(request)
      shape ||= start(request, call, :bidi)
      latest = request
      unanswered += 1
      echo.call(shape.reply(latest)) if unanswered == shape.every
    end
    shape ||= start(nil, call, :bidi)
    if shape.every.zero?
      reply = shape.reply
      shape.replies.times { echo.call(reply) }
    elsif unanswered.positive?
      echo.call(shape.reply(latest))
    end
    finish(counts, shape)
  end

  # A call is counted in full before its status leaves.
  def finish(counts, shape)
    shape.end
    counts.add(ok: 1)
  end
end

# Gives out the counts of all methods.
class Reference < BenchRunner::Reference::V1::Reference::Service
  def initialize(counts)
    @counts = counts
  end

  def get_counters(_request, _call)
    methods = @counts.transform_values(&:snapshot)
    BenchRunner::Reference::V1::Counters.new(methods: methods)
  end
end

def settings(args)
  given = { listen: '127.0.0.1:0', delay: 0, share: 0.0, code: 'UNAVAILABLE', required: {} }
  OptionParser.new do |options|
    options.on('--listen ADDRESS') { |value| given[:listen] = value }
    options.on('--delay-ns N', Integer) { |value| given[:delay] = value }
    options.on('--error-share S', Float) { |value| given[:share] = value }
    options.on('--error-code C') { |value| given[:code] = value }
    options.on('--error-delay-ns N', Integer) { |value| given[:error_delay] = value }
    options.on('--require KEY=VALUE') { |pair| given[:required].store(*pair.split('=', 2)) }
  end.parse!(args.dup)
  code = GRPC::Core::StatusCodes.const_get(given[:code])
  behaviour = Behaviour.new(
    delay: given[:delay], share: given[:share], code: code, error_delay: given[:error_delay] || given[:delay],
    required: given[:required]
  )
  [given[:listen], behaviour]
end

# Prints the address and serves until standard input closes or SIGTERM comes.
def serve(args)
  listen, behaviour = settings(args)
  greeter = Greeter.new(behaviour)
  health = Grpc::Health::Checker.new
  health.add_status('', Grpc::Health::V1::HealthCheckResponse::ServingStatus::SERVING)
  server = GRPC::RpcServer.new(pool_size: 100, server_args: { 'grpc.max_receive_message_length' => -1 })
  port = server.add_http2_port(listen, :this_port_is_insecure)
  [greeter, Reference.new(greeter.counts), health].each { |service| server.handle(service) }
  Thread.new do
    server.wait_till_running
    puts "http://#{listen.rpartition(':').first}:#{port}"
    $stdin.read
    Process.kill('TERM', Process.pid)
  end
  server.run_till_terminated_or_interrupted(%w[TERM INT])
  exit!(0)
end
