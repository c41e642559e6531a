# A Greeter on gRPC Ruby, and a client that puts load on one.

require 'grpc'
require 'json'

STDOUT.sync = true

def version
  { stack: "grpc-ruby #{GRPC::VERSION}", runtime: "#{RUBY_ENGINE} #{RUBY_VERSION}" }
end

def run(role, *args)
  case role
  when 'version'
    puts JSON.generate(version)
  when 'server'
    require_relative 'server'
    serve(args)
  when 'client'
    require_relative 'client'
    puts JSON.generate(Load.new(JSON.parse($stdin.read)).play)
    # Whoever was cut off does not hold the end up.
    exit!(0)
  else
    raise ArgumentError, 'usage: peer.rb version | server --listen ADDRESS | client < CASE'
  end
end

begin
  run(*ARGV)
rescue StandardError => error
  warn error.message
  exit!(1)
end
