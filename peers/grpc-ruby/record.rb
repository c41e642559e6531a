# What calls came to: counts and times of the measured phase, and what all phases together sent and received.

require_relative 'histogram'

# One call, and what came of it. Times are nanoseconds since the start.
class Call
  attr_reader :intended, :started, :first, :done, :sent, :received, :sent_bytes, :received_bytes, :status

  def initialize(intended, started)
    @intended, @started = intended, started
    @sent = @received = @sent_bytes = @received_bytes = 0
    @wrong = false
  end

  # The next request.
  def send(work)
    index = @sent
    @sent += 1
    @sent_bytes += work.sizes[index]
    work.requests[index]
  end

  def receive(reply, work, now)
    @first ||= now
    @received += 1
    @received_bytes += reply.to_proto.bytesize
    @wrong ||= reply.message.bytesize != work.reply_size
  end

  def end(status, now)
    @status = status
    @done = now
  end

  # Not the answer that was asked for, in length or count.
  def wrong?(work) = @wrong || @received != work.replies
end

class Record
  NAMES = GRPC::Core::StatusCodes.constants.to_h { |name| [GRPC::Core::StatusCodes.const_get(name), name.to_s] }
  COUNTED = %i[started ok failed deadline_exceeded cancelled unfinished shed messages_sent messages_received bytes_sent bytes_received].freeze
  TIMES = %i[response_time service_time start_lag time_to_first_message].freeze

  def initialize(work)
    @work = work
    @counts = COUNTED.to_h { |name| [name, 0] }
    @by_status = Hash.new(0)
    @all = { calls: 0, requests: 0, replies: 0 }
    @times = TIMES.to_h { |name| [name, Histogram.new] }
  end

  def shed = @counts[:shed] += 1

  def add(call, measured)
    traffic(call, measured)
    finish(call) if measured
  end

  # In the result's names; with what was in flight at the end of the drain, of the measured phase and in all.
  def result(unfinished, all)
    all.each { |call| traffic(call, unfinished.include?(call)) }
    @counts[:unfinished] = unfinished.size
    { counts: { **@counts, by_status: @by_status }, all: @all, **@times.transform_values(&:encoded) }
  end

  private

  def traffic(call, measured)
    @all[:calls] += 1
    @all[:requests] += call.sent
    @all[:replies] += call.received
    return unless measured

    @counts[:started] += 1
    @counts[:messages_sent] += call.sent
    @counts[:messages_received] += call.received
    @counts[:bytes_sent] += call.sent_bytes
    @counts[:bytes_received] += call.received_bytes
  end

  def finish(call)
    name = NAMES.fetch(call.status)
    name = 'WRONG_REPLY' if name == 'OK' && call.wrong?(@work)
    @by_status[name] += 1
    case name
    when 'OK' then @counts[:ok] += 1
    when 'DEADLINE_EXCEEDED' then @counts[:deadline_exceeded] += 1
    when 'CANCELLED' then @counts[:cancelled] += 1
    else @counts[:failed] += 1
    end
    time(call) if name == 'OK'
  end

  def time(call)
    @times[:response_time].record(call.done - call.intended)
    @times[:service_time].record(call.done - call.started)
    @times[:start_lag].record(call.started - call.intended)
    @times[:time_to_first_message].record(call.first - call.intended) if call.first
  end
end
