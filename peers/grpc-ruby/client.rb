# A client that plays a case: so much load, for so long, on so many connections.

require 'base64'
require 'helloworld_services_pb'
require 'set'
require_relative 'record'

# What one call sends, made once, and what a right answer is.
class Work
  attr_reader :requests, :sizes, :replies, :reply_size, :method

  def initialize(given)
    @method = given['method']
    name = 'n' * given['request']['name_bytes']
    @reply_size = given['reply']['size']
    many = given['reply']['messages']
    bidi = @method == 'BidiHello'
    streams_requests = bidi || @method == 'LotsOfGreetings'
    shape = { size: @reply_size }
    shape[:messages] = many if @method == 'LotsOfReplies' && many != 1
    first = request(name, shape)
    further = bidi ? request(name, { size: @reply_size }) : Helloworld::HelloRequest.new(name: name)
    @requests = [first] + [further] * (streams_requests ? given['request']['messages'] - 1 : 0)
    @sizes = @requests.map { |message| message.to_proto.bytesize }
    @replies = { 'BidiHello' => @requests.size, 'LotsOfReplies' => many }.fetch(@method, 1)
    @ping_pong = bidi && given['bidi'] == 'ping_pong'
  end

  # Makes a call; the replies go to the block.
  def call(stub, call, options, &received)
    case @method
    when 'SayHello' then yield stub.say_hello(call.send(self), **options)
    when 'SayHelloAgain' then yield stub.say_hello_again(call.send(self), **options)
    when 'LotsOfReplies' then stub.lots_of_replies(call.send(self), **options).each(&received)
    when 'LotsOfGreetings' then yield stub.lots_of_greetings(all(call), **options)
    when 'BidiHello' then @ping_pong ? ping_pong(stub, call, options, &received) : stub.bidi_hello(all(call), **options).each(&received)
    else raise ArgumentError, "#{@method} is no method of the Greeter"
    end
  end

  private

  def request(name, shape)
    Helloworld::HelloRequest.new(name: name, reply: Helloworld::ReplyShape.new(**shape))
  end

  def all(call)
    Enumerator.new { |sent| @requests.size.times { sent << call.send(self) } }
  end

  # The next request goes when the last one is answered.
  def ping_pong(stub, call, options)
    answered = Queue.new
    requests = Enumerator.new do |sent|
      @requests.size.times do |index|
        break if index.positive? && answered.pop.nil?

        sent << call.send(self)
      end
    end
    stub.bidi_hello(requests, **options).each do |reply|
      yield reply
      answered << true
    end
  ensure
    answered << nil
  end
end

# A case under way.
class Load
  PATIENCE = 10

  def initialize(given)
    @given = given
    @work = Work.new(given)
    @deadline = given['deadline_ns']
    @end = given['warm_up_ns'] + given['measure_ns']
    raise ArgumentError, 'the case has neither or both of closed and open, expected one' if given['closed'].nil? == given['open'].nil?

    @metadata = (given['metadata'] || {}).to_h { |key, value| [key, key.end_with?('-bin') ? Base64.strict_decode64(value) : value] }
    @record = Record.new(@work)
    @in_flight = Set.new
    @lock = Mutex.new
    @schedule = given['open'] && File.binread(given['open']['schedule']).unpack('Q<*')
  end

  def play
    @stubs = Array.new(@given['channels']) { connect }
    @start = clock
    begun = Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond)
    cpu = Thread.new { measure_cpu }
    threads = @given['closed'] ? closed : open
    drain(threads)
    {
      version: version,
      measured_ns: @given['measure_ns'],
      measure_start_unix_ns: begun + @given['warm_up_ns'],
      **@lock.synchronize { @record.result(@in_flight.to_a.select { |call| measured?(call.intended) }, @in_flight.to_a) },
      cpu_ns: cpu.value,
      peak_rss_bytes: File.read('/proc/self/status')[/VmHWM:\s+(\d+)/, 1].to_i * 1024
    }
  end

  private

  def clock = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)

  def now = clock - @start

  # The phase of a call goes by its intended start.
  def measured?(intended) = intended >= @given['warm_up_ns'] && intended < @end

  # An HTTP/2 connection of its own, once it is there.
  def connect
    options = {
      'grpc.use_local_subchannel_pool' => 1, 'grpc.max_receive_message_length' => -1, 'grpc.max_send_message_length' => -1
    }
    channel = GRPC::Core::Channel.new(@given['address'], options, :this_channel_is_insecure)
    late = Time.now + PATIENCE
    until (state = channel.connectivity_state(true)) == GRPC::Core::ConnectivityStates::READY
      next if channel.watch_connectivity_state(state, late)

      raise "no connection to #{@given['address']} within #{PATIENCE} s"
    end
    Helloworld::Greeter::Stub.new(@given['address'], :this_channel_is_insecure, channel_override: channel)
  end

  # Keeps so many calls in flight on each channel. A call is meant to start when its slot has become free.
  def closed
    @stubs.flat_map do |stub|
      Array.new(@given['closed']['in_flight']) do
        Thread.new do
          while (intended = now) < @end
            call(stub, intended)
          end
        end
      end
    end
  end

  # Starts calls when the schedule says so, over all channels in turn, whether or not earlier ones have ended.
  def open
    due = Queue.new
    threads = []
    @schedule.each_with_index do |intended, index|
      break if intended >= @end

      pause(intended)
      in_flight = @lock.synchronize { @in_flight.size } + due.size
      if in_flight >= @given['open']['max_in_flight']
        @lock.synchronize { @record.shed } if measured?(intended)
        next
      end
      threads << worker(due) if due.num_waiting <= due.size
      due << [@stubs[index % @stubs.size], intended]
    end
    due.close
    threads
  end

  # A thread that makes the calls that are due, as long as there are any.
  def worker(due)
    Thread.new do
      while (stub, intended = due.pop)
        call(stub, intended)
      end
    end
  end

  def call(stub, intended)
    call = Call.new(intended, now)
    @lock.synchronize { @in_flight << call }
    options = { metadata: @metadata }
    options[:deadline] = Time.now + @deadline / 1e9 if @deadline
    status = outcome { @work.call(stub, call, options) { |reply| call.receive(reply, @work, now) } }
    call.end(status, now)
    @lock.synchronize do
      @record.add(call, measured?(intended)) if @in_flight.delete?(call)
    end
  end

  def outcome
    yield
    GRPC::Core::StatusCodes::OK
  rescue GRPC::BadStatus => error
    error.code
  end

  # Waits for what is in flight until the end of the drain; what is left then is unfinished.
  def drain(threads)
    threads.each do |thread|
      rest = (@end + @given['drain_ns'] - now) / 1e9
      break unless thread.join([rest, 0].max)
    end
  end

  def pause(due)
    rest = due - now
    sleep(rest / 1e9) if rest.positive?
  end

  # What the process takes, user and system, all threads, over the measured phase.
  def measure_cpu
    spent = -> { Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID, :nanosecond) }
    pause(@given['warm_up_ns'])
    before = spent.call
    pause(@end)
    spent.call - before
  end
end
