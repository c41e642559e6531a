# How one call is answered, as its first request asks for.

require 'helloworld_services_pb'

class Shape
  # The longest reply that is made; a larger one could take the machine's memory with one request.
  MAX_SIZE = 256 << 20
  RESERVED = /\A(grpc-.*|te|content-type|)\z/

  # Replies of a stream that answers after all; and of a bidirectional one, that has one to so many requests, or 0.
  attr_reader :replies, :every, :code

  def initialize(first, rule)
    @first = first || Helloworld::HelloRequest.new
    @asked = @first.reply || Helloworld::ReplyShape.new
    @replies = @asked.has_messages? ? @asked.messages : 1
    @every = 0
    @after_first = false
    @code = @asked.status_code
    invalid("reply.status_code is #{@code}, expected 0 to 16") if @code > 16
    @asked.trailers.each do |key, value|
      invalid("reply.trailers has `#{key}: #{value}`, which is no metadata") if RESERVED.match?(key)
    end
    send(rule) if rule
  end

  # When a stream of requests with one reply is answered; where the call fails, it has none.
  def greetings
    case @asked.when
    when :WHEN_DEFAULT, :WHEN_AFTER_ALL then nil
    when :WHEN_AFTER_FIRST then @after_first = @code.zero?
    else not_offered
    end
  end

  # When a bidirectional stream is answered.
  def bidi
    case @asked.when
    when :WHEN_DEFAULT, :WHEN_EACH then @every = 1
    when :WHEN_AFTER_ALL then nil
    when :WHEN_EVERY
      @every = @asked.every
      invalid('reply.when is WHEN_EVERY, so reply.every must be positive') if @every.zero?
    else not_offered
    end
  end

  def after_first? = @after_first

  # The reply to a request: in its own size, in that of the first, or by name.
  def reply(request = @first)
    asked = [request.reply, @asked].find { |shape| shape&.has_size? }
    return Helloworld::HelloReply.new(message: "Hello, #{request.name}!") unless asked

    invalid("reply.size is #{asked.size}, at most #{MAX_SIZE} is served") if asked.size > MAX_SIZE
    Helloworld::HelloReply.new(message: 'x' * asked.size)
  end

  def headers_at_once? = @asked.headers_at_once

  def trailers = @asked.trailers.to_h

  # The status that the call ends with, raised; nothing where it is OK.
  def end
    raise GRPC::BadStatus.new_status_exception(@code, @asked.status_message, trailers) unless @code.zero?
  end

  private

  def not_offered = invalid("reply.when is #{@asked.when}, which this method does not offer")

  def invalid(what) = raise(GRPC::InvalidArgument, what)
end
